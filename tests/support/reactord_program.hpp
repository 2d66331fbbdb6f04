// The Program that reactord is, for tests of what is made from one.
#pragma once

#include "daemon/program.hpp"
#include "daemon/reactord.hpp"

namespace test {

inline const reactord::Program& reactord_program() {
  static const reactord::Program program(reactord::reactord_program());
  return program;
}

}  // namespace test
