#include "daemon/side_listener.hpp"

#include <cassert>
#include <utility>

#include "daemon/shown_address.hpp"

namespace reactord {

SideListener::SideListener(Server& server, StreamHandler& handler, std::string_view protocol,
                           ListenOptions options)
    : server_(server), handler_(handler), protocol_(protocol), options_(std::move(options)) {}

// A file that is gone, or was replaced, is made anew.
bool SideListener::is_kept(const SidePlace& wanted) const {
  return id_ != 0 && wanted.address == place_.address && server_.is_reachable(id_);
}

Result<void> SideListener::prepare(const SidePlace& wanted) {
  opened_.reset();
  wanted_.reset();
  if (wanted.is_on() && !is_kept(wanted)) {
    auto address = Address::parse(wanted.address);
    if (!address) return std::unexpected(std::move(address).error());
    ListenOptions options = options_;
    options.file = wanted.file;
    auto opened = listen(server_.reactor(), *address, std::move(options));
    if (!opened) return std::unexpected(std::move(opened).error());
    opened_ = std::move(*opened);
  } else if (wanted.is_on() && wanted.file != place_.file) {
    wanted_ = wanted;
    auto set = server_.set_socket_file(id_, wanted.file);
    if (!set) abandon();
    return set;
  }
  wanted_ = wanted;
  return {};
}

SideListener::Change SideListener::follow() {
  assert(wanted_ && "follow() comes after prepare()");
  Change change;
  const bool ends = id_ != 0 && (!wanted_->is_on() || opened_);
  place_ = *std::exchange(wanted_, std::nullopt);
  if (ends) {
    server_.stop_listening(std::exchange(id_, 0));
    change.closed = address_;
  }
  if (!opened_) return change;
  const Address& address = opened_->local_addr();
  address_ = shown_address(address);
  is_public_ = address.is_ip() && !address.is_loopback();
  id_ = server_.listen(*std::exchange(opened_, std::nullopt), handler_, protocol_);
  change.opened = address_;
  return change;
}

void SideListener::abandon() noexcept {
  if (wanted_ && !opened_ && id_ != 0 && wanted_->is_on() && wanted_->file != place_.file)
    auto set = server_.set_socket_file(id_, place_.file);
  opened_.reset();
  wanted_.reset();
}

void SideListener::failed(ListenerId id) noexcept {
  if (id == id_) id_ = 0;
}

}  // namespace reactord
