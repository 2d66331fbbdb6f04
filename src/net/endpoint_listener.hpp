// EndpointListener: who serves a stream's connection, told of what it can't see from its coroutine; or the transport that
// lies above it, and has none.
#pragma once

namespace reactord {

class EndpointListener {
 public:
  virtual void on_buffered() noexcept = 0;  // it begins to wait, and bytes may lie in its buffers meanwhile
  virtual void on_look() noexcept = 0;      // the time has come that Endpoint::look_at() was given
  virtual void on_given_up() noexcept = 0;  // the peer took nothing of what waited: the connection is aborted
  virtual void on_ready() noexcept {}  // there may be something to read, or room to write; or it has failed

 protected:
  ~EndpointListener() = default;
};

}  // namespace reactord
