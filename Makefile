# One file, no recursion. `make help` lists the targets. Everything that is made goes below build/, each flavour in a
# folder of its own, so that switching between them never rebuilds wrongly: FLAVOUR=release (the default), asan, clang.

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
CXX_clang    := clang++-19

CXXFLAGS         ?= -O2 -g -fno-plt
CXXFLAGS_release := $(CXXFLAGS)
# No vptr check: it needs a free descriptor, and a test takes them all.
CXXFLAGS_asan    := -O1 -g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer
CXXFLAGS_clang   := $(CXXFLAGS)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
COMPILE   = $(CXX) -std=c++23 $(WARNINGS) -Iinclude -Isrc -Itests -MMD -MP $(CPPFLAGS) $(CXXFLAGS_$(FLAVOUR))
LINK      = $(CXX) $(CXXFLAGS_$(FLAVOUR)) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

LIBRARY_SOURCES := $(wildcard src/base/*.cpp src/event/*.cpp src/net/*.cpp src/serve/*.cpp)
DAEMON_SOURCES  := $(wildcard src/protocols/*.cpp src/daemon/*.cpp)
LOAD_SOURCES    := $(wildcard src/load/*.cpp src/load/*/*.cpp)
UNIT_SOURCES    := $(wildcard tests/unit/*.cpp tests/conformance/*.cpp tests/traps/*.cpp) tests/support/main.cpp
UNOPTIMISED     := $(wildcard tests/unoptimised/*.cpp) tests/support/main.cpp tests/support/time_limit.cpp
DAEMON_TESTS    := $(wildcard tests/daemon/*.cpp) tests/support/main.cpp
SUPPORT_SOURCES := $(filter-out tests/support/main.cpp,$(wildcard tests/support/*.cpp))
BENCH_SOURCES   := $(wildcard tests/bench/*.cpp)
FUZZERS         := $(patsubst tests/fuzz/%.cpp,build/$(FLAVOUR)/fuzz/%,$(wildcard tests/fuzz/*.cpp))
EXAMPLES        := $(wildcard tests/examples/*.cpp)
DOCS_SOURCES    := $(filter-out tests/docs/main.cpp,$(wildcard tests/docs/*.cpp))

objects = $(patsubst %.cpp,$(BUILD)/%.o,$(1))
unoptimised_objects = $(patsubst %.cpp,$(BUILD)/unoptimised/%.o,$(1))
# In build/FLAVOUR/made-with/NAME stands what the variable NAME came to. It is newer than all that was made with another.
made_with = $(patsubst %,$(BUILD)/made-with/%,$(1))
LIBRARY := $(BUILD)/libreactord.a
DAEMON  := $(BUILD)/reactord
# Everything of the programs but their mains, for the unit tests.
PARTS   := $(call objects,$(filter-out src/daemon/main.cpp,$(DAEMON_SOURCES)) $(filter-out src/load/main.cpp,$(LOAD_SOURCES)))
LOAD    := $(BUILD)/reactord-load
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
PROGRAMS = $(DAEMON)>$(SBINDIR)/reactord $(LOAD)>$(BINDIR)/reactord-load
COPIES   = $(LIBRARY)>$(LIBDIR)/libreactord.a \
           $(foreach header,$(HEADERS),include/reactord/$(header)>$(INCLUDEDIR)/reactord/$(header)) \
           $(foreach header,$(SUITE),tests/conformance/$(header)>$(INCLUDEDIR)/reactord/conformance/$(header)) \
           docs/completion/reactord.bash>$(COMPLETIONDIR)/reactord \
           docs/completion/reactord-load.bash>$(COMPLETIONDIR)/reactord-load \
           systemd/reactord.sysusers.conf>$(SYSUSERSDIR)/reactord.conf \
           $(foreach file,$(DROP_INS),systemd/reactord.service.d/$(file)>$(DOCDIR)/reactord.service.d/$(file)) \
           docs/reactord.conf.example>$(DOCDIR)/reactord.conf.example
PLACED   = $(foreach unit,$(UNITS),systemd/$(unit)>$(UNITDIR)/$(unit)) \
           $(foreach page,$(PAGES),docs/man/$(page)>$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
WRITTEN  = $(PKGCONFIGDIR)/reactord.pc

quoted         = $(foreach word,$(1),'$(word)')
source_of      = $(firstword $(subst >, ,$(1)))
target_of      = $(lastword $(subst >, ,$(1)))
INSTALLED      = $(foreach pair,$(PROGRAMS) $(COPIES) $(PLACED),$(call target_of,$(pair))) $(WRITTEN)
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

.PHONY: all run test unit hostile floors docs format format-check bench bench-count bench-micro install uninstall clean help
.DELETE_ON_ERROR:

all: $(DAEMON) $(LOAD)  ## build the daemon, the library and the load generator (build/release)

run: $(DAEMON)  ## build and run it: the line protocol on port 9090
	@exec $(DAEMON)

test: $(DAEMON) $(LOAD) $(BUILD)/example-server $(BUILD)/unit-tests $(BUILD)/unoptimised-tests $(BUILD)/daemon-tests $(BUILD)/docs $(FUZZERS)  ## build and run all tests
	@REACTORD=$(DAEMON) LOAD=$(LOAD) EXAMPLE_SERVER=$(BUILD)/example-server $(if $(filter asan,$(FLAVOUR)),SANITIZED=1) \
	  COMPILE='$(CXX) -std=c++23 -Iinclude' \
	  tests/support/run-tests $(BUILD)/unit-tests $(BUILD)/unoptimised-tests $(BUILD)/daemon-tests $(FUZZERS) $(BUILD)/docs tests/support/floors \
	  tests/support/cases tests/support/rejected tests/support/builds tests/support/runs

unit: $(BUILD)/unit-tests $(BUILD)/unoptimised-tests  ## build and run the unit tests alone, as with FLAVOUR=clang
	@tests/support/run-tests $^

hostile: $(DAEMON) $(BUILD)/daemon-tests  ## hostile clients of all kinds at once, for 30 s
	@REACTORD=$(DAEMON) HOSTILE_SECONDS=30 $(if $(filter asan,$(FLAVOUR)),SANITIZED=1) \
	  $(BUILD)/daemon-tests --test-case="hostile clients of all kinds*"

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

bench: $(DAEMON) $(LOAD) $(BUILD)/bench/floor  ## measure requests beside a bare loop and installed servers; OPTIONS=--help
	@REACTORD=$(DAEMON) LOAD=$(LOAD) BENCH=$(BUILD)/bench tests/bench/side-by-side $(OPTIONS)

install:  ## install what was built: PREFIX=/usr/local, DESTDIR= and more, see the Makefile
	$(check_place)
	@# It builds nothing itself: with sudo that would leave files of root in build/.
	@$(MAKE) --no-print-directory --question AS_BUILT=yes $(DAEMON) $(LOAD) $(LIBRARY) || \
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
	config='$(DESTDIR)$(SYSCONFDIR)/reactord/reactord.conf'; \
	if [ -e "$$config" ]; then echo "$$config is there: left as it is"; \
	else install -D -m 644 docs/reactord.conf.example "$$config"; fi

uninstall:  ## remove what install has installed, but not the configuration, nor what others have put beside it
	$(check_place)
	@for file in $(call quoted,$(INSTALLED)); do echo "rm $(DESTDIR)$$file"; rm -f "$(DESTDIR)$$file" || exit; done
	@for folder in $(call quoted,$(OUR_FOLDERS)); do \
	  if [ ! -d "$(DESTDIR)$$folder" ]; then continue; fi; \
	  rmdir "$(DESTDIR)$$folder" 2>/dev/null || echo "$(DESTDIR)$$folder is left: there is more in it, or it is not ours to remove"; \
	done

clean:  ## remove everything that was built
	rm -rf build

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

LIBRARY_OBJECTS     := $(call objects,$(LIBRARY_SOURCES))
DAEMON_OBJECTS      := $(call objects,$(DAEMON_SOURCES))
LOAD_OBJECTS        := $(call objects,$(LOAD_SOURCES))
UNIT_OBJECTS        := $(call objects,$(UNIT_SOURCES) $(SUPPORT_SOURCES) $(EXAMPLES) $(DOCS_SOURCES)) $(PARTS)
UNOPTIMISED_OBJECTS := $(call unoptimised_objects,$(UNOPTIMISED))
DAEMON_TEST_OBJECTS := $(call objects,$(DAEMON_TESTS) $(SUPPORT_SOURCES)) $(PARTS)
# The commands, without what differs from file to file.
COMPILED_WITH       := $(COMPILE)
LINKED_WITH         := $(CXX) $(CXXFLAGS_$(FLAVOUR)) $(LDFLAGS) $(LDLIBS)

RECORDS := LIBRARY_OBJECTS DAEMON_OBJECTS LOAD_OBJECTS UNIT_OBJECTS UNOPTIMISED_OBJECTS DAEMON_TEST_OBJECTS PARTS \
           COMPILED_WITH LINKED_WITH

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

$(DAEMON): $(DAEMON_OBJECTS) $(LIBRARY) $(call made_with,DAEMON_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(LOAD): $(LOAD_OBJECTS) $(LIBRARY) $(call made_with,LOAD_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/unit-tests: $(UNIT_OBJECTS) $(LIBRARY) $(call made_with,UNIT_OBJECTS LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

# As a program is that names no -O: its own code, and what it takes from our headers, at -O0; the library is as it always is.
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

# Named, lest they are removed as what only led to their programs.
$(call objects,$(BENCH_SOURCES) $(wildcard tests/fuzz/*.cpp)):

# The complete server of docs/protocols.md.
$(BUILD)/example-server: $(BUILD)/tests/examples/server/server.o $(LIBRARY) $(call made_with,LINKED_WITH)
	@echo "  LINK  $@"
	@$(LINK)

$(BUILD)/%.o: %.cpp $(call made_with,COMPILED_WITH)
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	@$(COMPILE) -c -o $@ $<

$(BUILD)/unoptimised/%.o: %.cpp $(call made_with,COMPILED_WITH)
	@mkdir -p $(@D)
	@echo "  CXX   $< (-O0)"
	@$(COMPILE) -O0 -c -o $@ $<

-include $(patsubst %.o,%.d,$(call unoptimised_objects,$(UNOPTIMISED)) $(call objects,$(LIBRARY_SOURCES) $(DAEMON_SOURCES) $(LOAD_SOURCES) $(UNIT_SOURCES) $(DAEMON_TESTS) $(SUPPORT_SOURCES) $(BENCH_SOURCES) $(EXAMPLES) $(wildcard tests/docs/*.cpp tests/fuzz/*.cpp tests/examples/*/*.cpp)))
