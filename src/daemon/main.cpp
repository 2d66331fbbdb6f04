#include "daemon/reactord.hpp"

int main(int argc, char** argv) { return reactord::run_daemon(argc, argv, reactord::reactord_program); }
