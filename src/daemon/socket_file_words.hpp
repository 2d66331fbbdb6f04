// Socket file words: the mode and the owner of a socket file, as an operator writes them behind its path.
//
//     unix:/run/line.sock mode=0660 owner=root group=staff
//     --- what is left --  ------- these are taken -------
#pragma once

#include <string_view>

#include "daemon/values.hpp"
#include "reactord/listener.hpp"

namespace reactord {

// Takes them off the end of `address`, and stores what they say in `file`. A word of a path with spaces is none of them.
// Errors: an unknown name, a value that is not possible, a name that is given twice, an address that has no file. None
// of them begins with `address`.
Parsed<void> take_socket_file_words(std::string_view& address, SocketFileOptions& file);

}  // namespace reactord
