#include "protocols/programs/worker_answers.hpp"

#include <utility>

#include "protocols/programs/worker_slot.hpp"

namespace reactord {

std::string_view WorkerAnswers::deal(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t size = lines.find('\n') + 1;
    const std::string_view line = lines.substr(0, size);
    if (client_ != nullptr && client_->name().begins(line)) [[likely]] {
      add({.bytes = line.substr(client_->name().size())});
    } else {
      const auto answer = parse_worker_answer(line);
      if (!answer) break;
      if (client_ == nullptr || answer->connection != client_->number()) {
        deliver();
        client_ = slot_.client_of(answer->connection, worker_);
        if (worker_.state() == WorkerProcess::State::over) return {};
      }
      if (client_ != nullptr) add(*answer);
    }
    lines.remove_prefix(size);
  }
  deliver();
  return lines;
}

// A run ends where something of the connection depends on the number of answers: words that wait behind one of them, its end,
// or its place in a slot that is stopped.
inline void WorkerAnswers::add(const WorkerAnswer& answer) {
  gather(answer.bytes);
  if (answer.kind == WorkerAnswer::Kind::last || answer.kind == WorkerAnswer::Kind::none) [[likely]]
    ++lines_;
  const bool is_end = answer.kind == WorkerAnswer::Kind::end;
  if (!is_end && !client_->has_words_behind() && !slot_.is_stopped()) [[likely]]
    return;
  WorkerClient& client = *client_;
  deliver();
  if (is_end) client.finish();
}

inline void WorkerAnswers::gather(std::string_view bytes) {
  if (bytes.size() > most_gathered - size_) [[unlikely]] {
    send();
    if (bytes.size() > most_gathered) return client_->answer(bytes);
  }
  size_ += bytes.copy(gathered_.data() + size_, bytes.size());
}

void WorkerAnswers::send() {
  if (size_ > 0) client_->answer({gathered_.data(), std::exchange(size_, 0)});
}

// Ends the run.
void WorkerAnswers::deliver() {
  if (client_ == nullptr) return;
  send();
  WorkerClient& client = *std::exchange(client_, nullptr);
  const std::size_t lines = std::exchange(lines_, 0);
  if (lines > 0) slot_.lines_answered(client, lines, worker_);
}

}  // namespace reactord
