// Result text: how a process of several hands its result over: lines, each of which is added to the sum where it is read.
//
//     number requests 123456
//     histogram service <Histogram::to_text()>
//     error 3 read ECONNRESET<tab>an example
//     bottleneck a reason
//     interrupted                                 by a signal of its own
//
// Texts may hold anything: a newline, a tab and a backslash in them are told as \n, \t and \\.
#pragma once

#include <string>
#include <string_view>

#include "load/result/result.hpp"

namespace reactord::load {

std::string result_text(const LoadResult& result);  // without its seconds, configuration and environment

// Counts are added, durations and shares are the highest, the first example and reason stay. False: not such a line.
bool add_result_line(std::string_view line, LoadResult& sum);

}  // namespace reactord::load
