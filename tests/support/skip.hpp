// A test that says it can't look at what it is there for: run-tests counts it as skipped, and not as passed.
#pragma once

namespace test {

// Tells why, once for the test that runs. The test returns then.
void skip(const char* why);

}  // namespace test
