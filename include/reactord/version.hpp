// The version of the library, for programs that compile against several of them.
#pragma once

#define REACTORD_VERSION_MAJOR 0
#define REACTORD_VERSION_MINOR 1
#define REACTORD_VERSION_PATCH 0
#define REACTORD_VERSION "0.1.0"
