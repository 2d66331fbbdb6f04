// The headers of others that tests include most, which the compiler reads once. A file includes what it uses all the same.
// doctest.h is not among them: programs without its main are compiled with them, too.
#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <expected>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>
