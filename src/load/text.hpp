// Text: bytes for people: as they would be written in a template, so that what can't be seen can be told apart.
#pragma once

#include <string>
#include <string_view>

namespace reactord::load {

std::string shown(std::string_view bytes);  // in quotes; a long one is cut short

}  // namespace reactord::load
