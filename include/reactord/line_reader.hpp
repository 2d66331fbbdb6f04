// LineReader: a BufferedReader, by the name of what most programs do with it: bytes in, complete lines out. read_line() and
// its limits are described in buffered_reader.hpp, the rules of lines in line_splitter.hpp.
//
//     LineReader lines(conn);
//     auto line = co_await lines.read_line();  // a view, valid until the next call
#pragma once

#include "reactord/buffered_reader.hpp"

namespace reactord {

using LineReader = BufferedReader;

}  // namespace reactord
