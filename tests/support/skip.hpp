// A test that says it can't look at what it is there for: run-tests counts it as skipped, and not as passed.
#pragma once

#include "conformance/running.hpp"  // test::skip
