// EndpointListener: the session of a stream's connection, which is told what it can't see from its coroutine; or the
// transport that lies above the connection, and has no coroutine.
#pragma once

namespace reactord {

class LineListener;

class EndpointListener {
 public:
  // The endpoint begins to wait, and bytes may lie in its buffers meanwhile.
  virtual void on_buffered() noexcept = 0;
  // The time has come that Endpoint::look_at() was given.
  virtual void on_look() noexcept = 0;
  // The peer took nothing of the bytes that waited: the connection has been aborted.
  virtual void on_given_up() noexcept = 0;
  // There may be something to read, or room to write; or the connection has failed.
  virtual void on_ready() noexcept {}

  virtual LineListener* lines() noexcept { return nullptr; }  // who is told of the lines that are read

 protected:
  ~EndpointListener() = default;
};

}  // namespace reactord
