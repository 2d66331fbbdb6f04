# One file, no recursion. `make help` lists the targets. Everything that is made goes below build/, each flavour in a
# folder of its own, so that switching between them never rebuilds wrongly: FLAVOUR=release (the default), asan, tsan, clang.

# As many jobs as there are processors, unless make is told how many: on its command line, which counts more than this, or
# in the environment. Within another make that one has the jobs.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += $(shell printf '%s\n' "$$MAKEFLAGS" | grep -qE '(^| )(-?[a-zA-Z]*j|--jobs)' || echo --jobs=$$(nproc))
endif

FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)

CXX           = $(CXX_$(FLAVOUR))
CXX_release  := g++
CXX_asan     := g++
CXX_tsan     := g++
CXX_clang    := clang++-19

CXXFLAGS         ?= -O2 -g -fno-plt
# What is installed asserts nothing; the other flavours assert each precondition. Its code may be linked into shared
# libraries, and its functions are replaced by nobody's of the same name.
CXXFLAGS_release := $(CXXFLAGS) -DNDEBUG -fPIC -fno-semantic-interposition
# No vptr check: it needs a free descriptor, and a test takes them all.
CXXFLAGS_asan    := -O0 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
# The code of tests alone: it takes half the time to compile. The two checks double the time, and src/ has them.
TESTS_release    := -O0 -g0
TESTS_asan       := -fno-sanitize=null,alignment
CXXFLAGS_tsan    := -O0 -g1 -fsanitize=thread -fno-omit-frame-pointer
CXXFLAGS_clang   := $(CXXFLAGS)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
COMPILE   = $(CXX) -std=c++23 $(WARNINGS) -Iinclude -Isrc -Itests -MMD -MP $(CPPFLAGS) $(CXXFLAGS_$(FLAVOUR)) \
            $(if $(filter src/% tests/bench/% tests/examples/%,$<),,$(TESTS_$(FLAVOUR)))
# The headers of others are read once where nothing is optimised: else g++ no longer knows that they are a system's, and warns of
# them.
PRECOMPILED_release := $(BUILD)/tests
PRECOMPILED_asan    := $(BUILD)/tests $(BUILD)/src
PRECOMPILED_tsan    := $(BUILD)/tests $(BUILD)/src
PRECOMPILED_clang   := $(BUILD)/tests $(BUILD)/src
PRECOMPILED          = $(PRECOMPILED_$(FLAVOUR):=/precompiled.hpp.gch)
LINK      = $(CXX) $(CXXFLAGS_$(FLAVOUR)) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

# reactord is a program of the library, with two protocols: everything else of a daemon is the library's.
DAEMON_SOURCES  := $(wildcard src/protocols/*.cpp src/daemon/main.cpp src/daemon/reactord.cpp)
LIBRARY_SOURCES := $(wildcard src/base/*.cpp src/event/*.cpp src/net/*.cpp src/serve/*.cpp src/protocols/programs/*.cpp) \
                   $(filter-out $(DAEMON_SOURCES),$(wildcard src/daemon/*.cpp))
LOAD_SOURCES    := $(wildcard src/load/*.cpp src/load/*/*.cpp)
CONTROL_SOURCES := $(wildcard src/control/*.cpp)
UNIT_SOURCES    := $(wildcard tests/unit/*/*.cpp tests/conformance/*.cpp tests/traps/*.cpp) tests/support/main.cpp
UNOPTIMISED     := $(wildcard tests/unoptimised/*.cpp) tests/support/main.cpp tests/support/time_limit.cpp
# The tests with threads, for FLAVOUR=tsan.
THREAD_SOURCES  := $(wildcard tests/unit/serve/workers*_test.cpp) tests/unit/event/posted_work_test.cpp tests/unit/event/frame_pool_test.cpp \
                   tests/support/main.cpp
DAEMON_TESTS    := $(wildcard tests/daemon/*.cpp) tests/support/main.cpp
SUPPORT_SOURCES := $(filter-out tests/support/main.cpp,$(wildcard tests/support/*.cpp))
BENCH_SOURCES   := $(wildcard tests/bench/*.cpp)
FUZZERS         := $(patsubst tests/fuzz/%.cpp,build/$(FLAVOUR)/fuzz/%,$(wildcard tests/fuzz/*.cpp))
EXAMPLES        := $(wildcard tests/examples/*.cpp)
PROGRAM_SOURCES := $(wildcard tests/examples/programs/*.cpp)
# The program that misbehaves as a worker of the daemon.
MISBEHAVING     := tests/daemon/misbehaving/program.cpp
DOCS_SOURCES    := $(filter-out tests/docs/main.cpp,$(wildcard tests/docs/*.cpp))

# They look at sources and at the Makefile: once is enough.
TEST_SCRIPTS    := $(if $(filter release,$(FLAVOUR)),$(addprefix tests/support/,floors offences cases rejected builds runs))

objects = $(patsubst %.cpp,$(BUILD)/%.o,$(1))
unoptimised_objects = $(patsubst %.cpp,$(BUILD)/unoptimised/%.o,$(1))
# In build/FLAVOUR/made-with/NAME stands what the variable NAME came to. It is newer than all that was made with another.
made_with = $(patsubst %,$(BUILD)/made-with/%,$(1))
LIBRARY := $(BUILD)/libreactord.a
# The other flavours have no code for it.
SHARED  := $(if $(filter release,$(FLAVOUR)),$(BUILD)/libreactord.so.0)
DAEMON  := $(BUILD)/reactord
# Everything of the programs but their mains, for the unit tests.
PARTS   := $(call objects,$(filter-out %/main.cpp,$(DAEMON_SOURCES) $(LOAD_SOURCES) $(CONTROL_SOURCES)))
LOAD    := $(BUILD)/reactord-load
CONTROL := $(BUILD)/reactordctl
EXAMPLE_PROGRAMS := $(patsubst tests/examples/programs/%.cpp,$(BUILD)/examples/%,$(PROGRAM_SOURCES))
BENCHES := $(patsubst tests/bench/%.cpp,$(BUILD)/bench/%,$(BENCH_SOURCES))

# Where things are installed; DESTDIR goes in front of all of it, for packages.
PREFIX        ?= /usr/local
SBINDIR       ?= $(PREFIX)/sbin
BINDIR        ?= $(PREFIX)/bin
LIBDIR        ?= $(PREFIX)/lib
INCLUDEDIR    ?= $(PREFIX)/include
MANDIR        ?= $(PREFIX)/share/man
DOCDIR        ?= $(PREFIX)/share/doc/reactord
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
PKGCONFIGDIR  ?= $(LIBDIR)/pkgconfig
UNITDIR       ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR   ?= $(PREFIX)/lib/sysusers.d
SYSCONFDIR    ?= /etc

UNITS    := $(notdir $(wildcard systemd/*.service systemd/*.socket))
DROP_INS := $(notdir $(wildcard systemd/reactord.service.d/*.conf))
HEADERS  := $(notdir $(wildcard include/reactord/*.hpp))
# The conformance suite, for whoever makes a transport of their own.
SUITE    := $(filter-out socket_kinds.hpp,$(notdir $(wildcard tests/conformance/*.hpp)))
PAGES    := $(notdir $(wildcard docs/man/*.[1-9]))

# What make install brings and make uninstall removes, SOURCE>TARGET: programs, files as they are, and files in which paths
# are named.
PROGRAMS = $(DAEMON)>$(SBINDIR)/reactord $(LOAD)>$(BINDIR)/reactord-load $(CONTROL)>$(BINDIR)/reactordctl
COPIES   = $(LIBRARY)>$(LIBDIR)/libreactord.a $(SHARED)>$(LIBDIR)/libreactord.so.0 \
           $(foreach header,$(HEADERS),include/reactord/$(header)>$(INCLUDEDIR)/reactord/$(header)) \
           $(foreach header,$(SUITE),tests/conformance/$(header)>$(INCLUDEDIR)/reactord/conformance/$(header)) \
           docs/completion/reactord.bash>$(COMPLETIONDIR)/reactord \
           docs/completion/reactord-load.bash>$(COMPLETIONDIR)/reactord-load \
           docs/completion/reactordctl.bash>$(COMPLETIONDIR)/reactordctl \
           systemd/reactord.sysusers.conf>$(SYSUSERSDIR)/reactord.conf \
           $(foreach file,$(DROP_INS),systemd/reactord.service.d/$(file)>$(DOCDIR)/reactord.service.d/$(file)) \
           docs/reactord.conf.example>$(DOCDIR)/reactord.conf.example docs/metrics/alerts.yml>$(DOCDIR)/alerts.yml \
           docs/metrics/dashboard.json>$(DOCDIR)/dashboard.json
PLACED   = $(foreach unit,$(UNITS),systemd/$(unit)>$(UNITDIR)/$(unit)) \
           $(foreach page,$(PAGES),docs/man/$(page)>$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
WRITTEN  = $(PKGCONFIGDIR)/reactord.pc
# What the linker finds by -lreactord.
LINKED   = $(LIBDIR)/libreactord.so
# find_package(reactord) of CMake: the target reactord::reactord.
CMAKE    = $(LIBDIR)/cmake/reactord/reactordConfig.cmake $(LIBDIR)/cmake/reactord/reactordConfigVersion.cmake

quoted         = $(foreach word,$(1),'$(word)')
source_of      = $(firstword $(subst >, ,$(1)))
target_of      = $(lastword $(subst >, ,$(1)))
INSTALLED      = $(foreach pair,$(PROGRAMS) $(COPIES) $(PLACED),$(call target_of,$(pair))) $(WRITTEN) $(LINKED) $(CMAKE)
INSTALLED_INTO = $(sort $(patsubst %/,%,$(dir $(INSTALLED)))) $(SYSCONFDIR)/reactord
# Those that bear our name; the inner ones first. The others belong to all packages.
OUR_FOLDERS    = $(filter %/reactord/conformance %/reactord.service.d,$(INSTALLED_INTO)) $(filter %/reactord,$(INSTALLED_INTO))

# The paths in units and pages, as they are here. What was put in is not looked at again: it may look like another of them.
PLACE = sed -i -e 's|/usr/sbin/reactord|%SBINDIR%|g' -e 's|/etc/reactord|%SYSCONFDIR%|g' -e 's|/usr/share/doc/reactord|%DOCDIR%|g' \
               -e 's|%SBINDIR%|$(SBINDIR)/reactord|g' -e 's|%SYSCONFDIR%|$(SYSCONFDIR)/reactord|g' -e 's|%DOCDIR%|$(DOCDIR)|g'

# A folder goes into units, where % and $ are more than letters, into reactord.pc and through sed and the shell.
FOLDERS    := DESTDIR PREFIX SBINDIR BINDIR LIBDIR INCLUDEDIR MANDIR DOCDIR COMPLETIONDIR PKGCONFIGDIR UNITDIR SYSUSERSDIR \
              SYSCONFDIR
comma      := ,
FIT        := a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z \
              0 1 2 3 4 5 6 7 8 9 / . _ + ~ @ : = - $(comma)
without     = $(if $(1),$(call without,$(wordlist 2,$(words $(1)),$(1)),$(subst $(firstword $(1)),,$(2))),$(2))
# As it was given: make would take a $ for a variable of its own.
given       = $(if $(filter file,$(origin $(1))),$($(1)),$(value $(1)))
is_unfit    = $(filter-out [],[$(call without,$(FIT),$(2))])$(filter-out [/%,[$(2)])
check       = $(if $(call is_unfit,$(1),$(2)),$(error make $@: $(1)=$(2): write an absolute path of letters, digits and \
              /._+~@$(comma):=- only, as in /usr/local))
check_place = $(foreach name,$(FOLDERS),$(if $(filter [DESTDIR],[$(name)$(DESTDIR)]),,$(call check,$(name),$(call given,$(name)))))

.PHONY: all run test unit threads hostile hostile-programs examples floors docs format format-check bench bench-count bench-micro bench-steps bench-launch install install-unit uninstall uninstall-unit clean help
.DELETE_ON_ERROR:

all: $(DAEMON) $(CONTROL) $(LOAD) $(SHARED)  ## build the daemon, reactordctl, the library and the load generator (build/release)

run: $(DAEMON)  ## build and run it: the line protocol on port 9090
	@exec $(DAEMON)

test: all $(BUILD)/example-server $(BUILD)/misbehaving $(BUILD)/unit-tests $(BUILD)/unoptimised-tests $(BUILD)/daemon-tests $(BUILD)/docs $(FUZZERS)  ## build and run all tests
	@REACTORD=$(DAEMON) REACTORDCTL=$(CONTROL) LOAD=$(LOAD) EXAMPLE_SERVER=$(BUILD)/example-server MISBEHAVING=$(BUILD)/misbehaving \
	  $(if $(filter asan,$(FLAVOUR)),SANITIZED=1) COMPILE='$(CXX) -std=c++23 -Iinclude' \
	  tests/support/run-tests '$(BUILD)/unit-tests*2' $(BUILD)/unoptimised-tests '$(BUILD)/daemon-tests*3' $(FUZZERS) $(BUILD)/docs $(TEST_SCRIPTS)

unit: $(BUILD)/unit-tests $(BUILD)/unoptimised-tests  ## build and run the unit tests alone, as with FLAVOUR=clang
	@tests/support/run-tests $^

threads: $(BUILD)/thread-tests  ## build and run the tests with threads alone, as with FLAVOUR=tsan
	@tests/support/run-tests $^

hostile: $(DAEMON) $(BUILD)/daemon-tests  ## hostile clients of all kinds at once, for 30 s
	@REACTORD=$(DAEMON) HOSTILE_SECONDS=30 $(if $(filter asan,$(FLAVOUR)),SANITIZED=1) \
	  $(BUILD)/daemon-tests --test-case="hostile clients of all kinds*"

hostile-programs: $(DAEMON) $(BUILD)/daemon-tests $(BUILD)/misbehaving  ## programs that misbehave, under thousands of connections, for 30 s
	@REACTORD=$(DAEMON) MISBEHAVING=$(BUILD)/misbehaving HOSTILE_SECONDS=30 $(if $(filter asan,$(FLAVOUR)),SANITIZED=1) \
	  $(BUILD)/daemon-tests --test-case="hostile programs*"

examples: $(EXAMPLE_PROGRAMS)  ## build the complete programs of docs/library.md (build/release/examples)

floors:  ## hold the floors: includes point down only, one file says EPOLL
	@tests/support/floors

docs: $(BUILD)/docs  ## write what pages and completion take from the table of settings
	@$(BUILD)/docs write

format:  ## format all sources in place
	clang-format -i $$(git ls-files '*.cpp' '*.hpp')

format-check:  ## fail where the format differs
	clang-format --dry-run -Werror $$(git ls-files '*.cpp' '*.hpp')

bench-count: $(DAEMON) $(BENCHES)  ## measure instructions, system calls and memory (needs valgrind and strace)
	@REACTORD=$(DAEMON) BENCH=$(BUILD)/bench tests/bench/measure

bench-micro: $(BUILD)/bench/micro  ## time timers, lines and tasks alone, in nanoseconds (needs nothing else)
	@$(BUILD)/bench/micro

bench-steps: $(DAEMON) $(BUILD)/bench/steps $(BUILD)/bench/client  ## count the instructions for each line that a worker answers (some minutes)
	@REACTORD=$(DAEMON) BENCH=$(BUILD)/bench tests/bench/worker-steps

bench-launch: $(BUILD)/bench/launch  ## time how long the start of a program holds the loop up, in microseconds
	@$(BUILD)/bench/launch

bench: $(DAEMON) $(LOAD) $(BUILD)/bench/floor $(BUILD)/examples/memcached $(BUILD)/examples/resp  ## measure requests beside a bare loop and installed servers; OPTIONS=--help
	@REACTORD=$(DAEMON) LOAD=$(LOAD) BENCH=$(BUILD)/bench EXAMPLES=$(BUILD)/examples tests/bench/side-by-side $(OPTIONS)

install:  ## install what was built: PREFIX=/usr/local, DESTDIR= and more, see the Makefile
	$(check_place)
	@# It builds nothing itself: with sudo that would leave files of root in build/.
	@$(MAKE) --no-print-directory --question AS_BUILT=yes $(DAEMON) $(CONTROL) $(LOAD) $(LIBRARY) $(SHARED) || \
	  { echo "make install: $(DAEMON) is not there, or older than its sources: run make first, without sudo" >&2; exit 1; }
	@set -e; \
	for pair in $(call quoted,$(PROGRAMS)); do \
	  echo "$(DESTDIR)$${pair#*>}"; install -D -m 755 "$${pair%>*}" "$(DESTDIR)$${pair#*>}"; \
	done; \
	for pair in $(call quoted,$(COPIES)); do \
	  echo "$(DESTDIR)$${pair#*>}"; install -D -m 644 "$${pair%>*}" "$(DESTDIR)$${pair#*>}"; \
	done; \
	for pair in $(call quoted,$(PLACED)); do \
	  echo "$(DESTDIR)$${pair#*>}"; install -D -m 644 "$${pair%>*}" "$(DESTDIR)$${pair#*>}"; $(PLACE) "$(DESTDIR)$${pair#*>}"; \
	done; \
	echo '$(DESTDIR)$(WRITTEN)'; install -D -m 644 /dev/null '$(DESTDIR)$(WRITTEN)'; \
	version=$$($(DAEMON) --version); \
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: reactord' \
	  'Description: connections, timers and line servers on one thread' "Version: $${version#reactord }" \
	  'Cflags: -std=c++23 -I$${includedir}' 'Libs: -L$${libdir} -lreactord' \
	  >'$(DESTDIR)$(WRITTEN)'; \
	echo '$(DESTDIR)$(LINKED)'; ln -sf libreactord.so.0 '$(DESTDIR)$(LINKED)'; \
	for file in $(CMAKE); do echo "$(DESTDIR)$$file"; install -D -m 644 /dev/null "$(DESTDIR)$$file"; done; \
	here='$${CMAKE_CURRENT_LIST_DIR}'; \
	printf '%s\n' 'if(NOT TARGET reactord::reactord)' '  add_library(reactord::reactord SHARED IMPORTED)' \
	  '  set_target_properties(reactord::reactord PROPERTIES IMPORTED_SONAME libreactord.so.0' \
	  "    IMPORTED_LOCATION \"$$here/../../libreactord.so.0\" INTERFACE_COMPILE_FEATURES cxx_std_23" \
	  "    INTERFACE_INCLUDE_DIRECTORIES \"$$here/$$(realpath -m --relative-to='$(LIBDIR)/cmake/reactord' '$(INCLUDEDIR)')\")" \
	  'endif()' >'$(DESTDIR)$(firstword $(CMAKE))'; \
	printf '%s\n' "set(PACKAGE_VERSION \"$${version#reactord }\")" \
	  'if(PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION)' '  set(PACKAGE_VERSION_COMPATIBLE TRUE)' 'endif()' \
	  'if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)' '  set(PACKAGE_VERSION_EXACT TRUE)' 'endif()' \
	  >'$(DESTDIR)$(lastword $(CMAKE))'; \
	config='$(DESTDIR)$(SYSCONFDIR)/reactord/reactord.conf'; \
	if [ -e "$$config" ]; then echo "$$config is there: left as it is"; \
	else install -D -m 644 docs/reactord.conf.example "$$config"; fi

# The units of reactord with another name: what its head says of port 9090 and of its pages is left out.
OWN_UNIT = sed -e '1,/^\[Unit\]/{/^\#/d}' -e '/^Documentation=/d' -e 's|/usr/sbin/reactord|%SBINDIR%|g' -e 's|/etc/reactord|%SYSCONFDIR%|g' \
               -e 's|reactord|$(NAME)|g' -e 's|%SYSCONFDIR%|$(SYSCONFDIR)/$(NAME)|g' -e 's|%SBINDIR%|$(SBINDIR)/$(NAME)|g' \
               -e 's|9090|$(PORT)|g' -e 's|^FileDescriptorName=line|FileDescriptorName=$(PROTOCOL)|' \
               -e 's|listen = line@|listen = PROTOCOL@|; s|/line\.sock|/$(NAME).sock|; s|systemd:line|systemd:$(or $(PROTOCOL),NAME)|'

# $(1) is a variable of $@ that must be given: a word of letters, digits, - and _.
check_word = $(if $(call without,$(filter-out / . + ~ @ : = $(comma),$(FIT)) _,$($(1)))$(filter-out 1,$(words $($(1)))),$(error make $@: \
             write $(1)= and a word of letters, digits, - and _))

install-unit:  ## install a unit for a daemon of your own: NAME=kvd, with a socket unit PORT=7000 PROTOCOL=kv
	$(check_place)$(call check_word,NAME)$(if $(PORT)$(PROTOCOL),$(call check_word,PORT)$(call check_word,PROTOCOL))
	@set -e; \
	for kind in service $(if $(PORT),socket); do \
	  unit='$(DESTDIR)$(UNITDIR)/$(NAME)'.$$kind; echo "$$unit"; install -D -m 644 /dev/null "$$unit"; \
	  $(OWN_UNIT) systemd/reactord.$$kind >"$$unit"; \
	done; \
	config='$(DESTDIR)$(SYSCONFDIR)/$(NAME)/$(NAME).conf'; \
	if [ -e "$$config" ]; then echo "$$config is there: left as it is"; \
	else echo "$$config"; install -D -m 644 /dev/null "$$config"; \
	  echo '# The settings that $(NAME) --help lists, one a line, as in: idle-timeout = 60s' >"$$config"; fi

uninstall:  ## remove what install has installed, but not the configuration, nor what others have put beside it
	$(check_place)
	@for file in $(call quoted,$(INSTALLED)); do echo "rm $(DESTDIR)$$file"; rm -f "$(DESTDIR)$$file" || exit; done
	@for folder in $(call quoted,$(OUR_FOLDERS)); do \
	  if [ ! -d "$(DESTDIR)$$folder" ]; then continue; fi; \
	  rmdir "$(DESTDIR)$$folder" 2>/dev/null || echo "$(DESTDIR)$$folder is left: there is more in it, or it is not ours to remove"; \
	done

uninstall-unit:  ## remove what install-unit has installed, but not the configuration: NAME=kvd
	$(check_place)$(call check_word,NAME)$(if $(filter reactord,$(NAME)),$(error make $@: make uninstall removes the units of reactord))
	@for kind in service socket; do \
	  unit='$(DESTDIR)$(UNITDIR)/$(NAME)'.$$kind; if [ -e "$$unit" ]; then echo "rm $$unit"; rm "$$unit" || exit; fi; \
	done
	@config='$(DESTDIR)$(SYSCONFDIR)/$(NAME)/$(NAME).conf'; if [ -e "$$config" ]; then echo "$$config is left as it is"; fi

clean:  ## remove everything that was built
	rm -rf build

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

LIBRARY_OBJECTS     := $(call objects,$(LIBRARY_SOURCES))
DAEMON_OBJECTS      := $(call objects,$(DAEMON_SOURCES))
LOAD_OBJECTS        := $(call objects,$(LOAD_SOURCES))
CONTROL_OBJECTS     := $(call objects,$(CONTROL_SOURCES))
UNIT_OBJECTS        := $(call objects,$(UNIT_SOURCES) $(SUPPORT_SOURCES) $(EXAMPLES) $(DOCS_SOURCES)) $(PARTS)
THREAD_OBJECTS      := $(call objects,$(THREAD_SOURCES) $(SUPPORT_SOURCES) $(wildcard src/base/*.cpp src/event/*.cpp src/net/*.cpp src/serve/*.cpp))
UNOPTIMISED_OBJECTS := $(call unoptimised_objects,$(UNOPTIMISED))
DAEMON_TEST_OBJECTS := $(call objects,$(DAEMON_TESTS) $(SUPPORT_SOURCES)) $(PARTS)
# The commands, without what differs from file to file.
COMPILED_WITH       := $(COMPILE)
LINKED_WITH         := $(CXX) $(CXXFLAGS_$(FLAVOUR)) $(LDFLAGS) $(LDLIBS)

RECORDS := LIBRARY_OBJECTS DAEMON_OBJECTS LOAD_OBJECTS CONTROL_OBJECTS UNIT_OBJECTS THREAD_OBJECTS UNOPTIMISED_OBJECTS \
           DAEMON_TEST_OBJECTS PARTS COMPILED_WITH LINKED_WITH

# A record is made again when it holds something else. make install takes what was built, with whatever flags.
define renewed
ifneq ($$(file <$(BUILD)/made-with/$(1)),$$($(1)))
$(BUILD)/made-with/$(1): changed
endif
endef
ifndef AS_BUILT
$(foreach name,$(RECORDS),$(eval $(call renewed,$(name))))
endif

.PHONY: changed
$(call made_with,$(RECORDS)): $(BUILD)/made-with/%:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$($*))' >$@

$(LIBRARY): $(LIBRARY_OBJECTS) $(call made_with,LIBRARY_OBJECTS)
	@rm -f $@
	@ar rcs $@ $(LIBRARY_OBJECTS)

# Of its own it shows what the public headers declare.
$(BUILD)/libreactord.so.0: $(LIBRARY) $(addprefix include/reactord/,$(HEADERS)) $(wildcard src/exports) $(call made_with,LINKED_WITH)
	@echo "  LINK  $@"
	@src/exports $(addprefix include/reactord/,$(HEADERS)) >$(BUILD)/exports
	@$(CXX) $(CXXFLAGS_$(FLAVOUR)) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(BUILD)/exports -Wl,-z,defs \
	  -o $@ -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive $(LDLIBS)

$(DAEMON): $(DAEMON_OBJECTS) $(LIBRARY) $(call made_with,DAEMON_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(LOAD): $(LOAD_OBJECTS) $(LIBRARY) $(call made_with,LOAD_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(CONTROL): $(CONTROL_OBJECTS) $(LIBRARY) $(call made_with,CONTROL_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/unit-tests: $(UNIT_OBJECTS) $(LIBRARY) $(call made_with,UNIT_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

# Of the library what they use, lest all of it is compiled for them.
$(BUILD)/thread-tests: $(THREAD_OBJECTS) $(call made_with,THREAD_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

# As a program is that names no -O: its own code, and what it takes from our headers, at -O0 and with assertions; the
# library is as it always is.
$(BUILD)/unoptimised-tests: $(UNOPTIMISED_OBJECTS) $(LIBRARY) $(call made_with,UNOPTIMISED_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/daemon-tests: $(DAEMON_TEST_OBJECTS) $(LIBRARY) $(call made_with,DAEMON_TEST_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(LIBRARY) $(call made_with,LINKED_WITH)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(PARTS) $(LIBRARY) $(call made_with,PARTS LINKED_WITH)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK)

# What make docs runs: writes what pages take from the table of settings, and holds in make test that it is current.
$(BUILD)/docs: $(call objects,$(wildcard tests/docs/*.cpp)) $(filter-out %/src/daemon/main.o,$(DAEMON_OBJECTS)) $(LIBRARY) $(call made_with,DAEMON_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

# As a program outside of this house is built: on the library alone.
$(BUILD)/examples/%: $(BUILD)/tests/examples/programs/%.o $(LIBRARY) $(call made_with,LINKED_WITH)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK)

# Named, lest they are removed as what only led to their programs.
$(call objects,$(BENCH_SOURCES) $(PROGRAM_SOURCES) $(wildcard tests/fuzz/*.cpp)):

# The complete server of docs/protocols.md.
$(BUILD)/example-server: $(BUILD)/tests/examples/server/server.o $(LIBRARY) $(call made_with,LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/misbehaving: $(call objects,$(MISBEHAVING)) $(call made_with,LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

define compile
@mkdir -p $(@D)
@echo "  CXX   $<"
@$(COMPILE) $(patsubst %.gch,-Winvalid-pch -include %,$(filter %.gch,$^)) -c -o $@ $<
endef

$(BUILD)/src/%.o: src/%.cpp $(call made_with,COMPILED_WITH) $(filter $(BUILD)/src/%,$(PRECOMPILED))
	$(compile)
$(BUILD)/tests/%.o: tests/%.cpp $(call made_with,COMPILED_WITH) $(filter $(BUILD)/tests/%,$(PRECOMPILED))
	$(compile)
$(BUILD)/tests/bench/%.o: tests/bench/%.cpp $(call made_with,COMPILED_WITH)
	$(compile)
$(BUILD)/tests/examples/%.o: tests/examples/%.cpp $(call made_with,COMPILED_WITH)
	$(compile)

$(BUILD)/tests/precompiled.hpp.gch: tests/support/precompiled.hpp $(call made_with,COMPILED_WITH)
	@mkdir -p $(@D)
	@$(COMPILE) -x c++-header -o $@ $<
# With the flags of src/.
$(BUILD)/src/precompiled.hpp.gch: tests/support/precompiled.hpp $(call made_with,COMPILED_WITH)
	@mkdir -p $(@D)
	@$(COMPILE) $(CXXFLAGS_$(FLAVOUR)) -x c++-header -o $@ $<

$(BUILD)/unoptimised/%.o: %.cpp $(call made_with,COMPILED_WITH)
	@mkdir -p $(@D)
	@echo "  CXX   $< (-O0)"
	@$(COMPILE) -O0 -UNDEBUG -c -o $@ $<

-include $(patsubst %.o,%.d,$(call unoptimised_objects,$(UNOPTIMISED)) $(call objects,$(LIBRARY_SOURCES) $(DAEMON_SOURCES) $(LOAD_SOURCES) $(CONTROL_SOURCES) $(UNIT_SOURCES) $(DAEMON_TESTS) $(SUPPORT_SOURCES) $(BENCH_SOURCES) $(EXAMPLES) $(MISBEHAVING) $(wildcard tests/docs/*.cpp tests/fuzz/*.cpp tests/examples/*/*.cpp)))
