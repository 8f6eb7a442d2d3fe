# Commands for building, testing and installing; `make` alone lists them.

PYTHON ?= python3
VENV ?= .venv
# Further arguments for pytest, or for the demo: make test ARGS="-k gate"
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --use-pep517
# What pip installs is pinned, with hashes; LOCKED=no takes the newest of everything.
LOCKED ?=
APPLIANCE_LOCK := systemd/install/appliance.lock
TESTS_LOCK := .ci/tests.lock
# Modules for pins, pixels and the card's volume: none on a machine without pins.
BOARD_MODULES := systemd/install/board-modules.sh
# Shows that a long command lives.
STEP := systemd/install/step.sh

# What PyAudio and systemd-python are compiled with, and what makes the virtual environment.
BUILD_PACKAGES := gcc libc6-dev pkg-config portaudio19-dev libsystemd-dev
# What the installed appliance needs: Debian's own compiled modules, and Opus for the live voice.
INSTALL_PACKAGES = python3-venv libopus0 $(shell systemd/install/debian-modules.sh; systemd/install/debian-modules.sh build)
# What the integration tests play and record with, show pages in, and make certificates and cards with; broker and
# scraper, TURN server and firewall, which the tests start by themselves on ports and in networks of their own: the
# services of these packages are not used.
TEST_PACKAGES := pulseaudio pulseaudio-utils libasound2-plugins alsa-utils sox espeak-ng chromium openssl dosfstools mtools fdisk strace \
	mosquitto prometheus prometheus-alertmanager ansible-core lintian reprepro gnupg man-db groff-base \
	coturn nftables iproute2
# What watches a fleet and rolls it out, and what makes its repository.
FLEET_PACKAGES := mosquitto mosquitto-clients prometheus prometheus-alertmanager ansible-core python3-apt gpg openssh-client
# What makes another Debian, and runs programs of another processor.
EMULATION_PACKAGES := mmdebstrap arch-test qemu-user-static
# What writes the file systems of `make image` and reads them, and what boots them.
IMAGE_PACKAGES := mtools dosfstools e2fsprogs fdisk xz-utils
EMULATOR_PACKAGES := qemu-system-arm qemu-utils
# What makes the virtual machine of `make appliance`, and runs it.
APPLIANCE_PACKAGES := qemu-system-x86 qemu-utils seabios mmdebstrap e2fsprogs cpio git linux-headers-amd64

comma := ,

# Without compiled files every test process compiles the libraries and the tests again: minutes of a run. Warnings of
# others' packages are no errors, and without assertions no test fails.
unexport PYTHONDONTWRITEBYTECODE PYTHONWARNINGS PYTHONOPTIMIZE
# A person's pip.conf may have it: in a virtual environment pip refuses.
export PIP_USER := no

# Stamps: nothing is asked of apt or pip again until pyproject.toml or this file changes.
SETUP := $(VENV)/.stamp-setup
TOOLS := $(VENV)/.stamp-tools
PACKAGES := $(VENV)/.stamp-test-packages
# What goes to /opt/ravatard, made by Debian's own Python: another one may be where the service cannot see it.
SYSTEM_PYTHON ?= /usr/bin/python3
EXTRAS ?= systemd gpio leds resample live-audio media mixer chat speech-to-text neural-vad wakeword aec qr metrics mqtt
# Root installs only what was built where no other user can write, in particular not in a user's clone.
ROOTS_BUILD := /var/cache/ravatard
ENVIRONMENT := $(if $(filter 0,$(shell id -u)),$(ROOTS_BUILD)/appliance,build/appliance)
# Started by root in a user's clone, what happens in the clone is done as that user, and so belongs to that user.
AS_OWNER := $(if $(filter 0,$(shell id -u)),$(if $(filter-out 0,$(shell stat -c %u Makefile)),systemd/install/as-owner.sh))
APPLIANCE := $(VENV)/.stamp-appliance-packages
# Of the package; empty: that of the commit, see systemd/install/version.sh.
VERSION ?=
# Other Debians to build for, in a fresh one each; empty: this machine's, for a release all suites.
SUITE ?=
ARCHITECTURE ?=
# What `make apt-repo` publishes, signs with, and where.
CHANNEL ?=
KEY ?=
# The package that `make image` installs; empty: it is built first.
DEB ?=
DEBS ?= $(wildcard dist/*.deb)
REPO ?= dist/apt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo environment install may-install install-packages uninstall deb release may-release may-make-machines apt-repo image image-test package-test fleet test test-newest unit lock cover check format bench soak appliance appliance-image board clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 20

setup: $(SETUP)  ## install what the daemon needs: system packages, virtual environment, ravatard

demo: $(SETUP)  ## watch a whole conversation, without hardware or account
	@$(AS_OWNER) $(BIN)/ravatard demo $(ARGS)

install: may-install environment  ## install the appliance as a service (sudo; JOIN=yes adds you to its group, DESTDIR=... only copies)
	@DESTDIR='$(DESTDIR)' JOIN='$(JOIN)' systemd/install/install.sh $(ENVIRONMENT)

# Before anything is built, which takes minutes.
may-install:
	@DESTDIR='$(DESTDIR)' systemd/install/install.sh --check

uninstall:  ## remove it again (sudo; PURGE=1 with configuration, state and user)
	@DESTDIR='$(DESTDIR)' PURGE='$(PURGE)' systemd/install/uninstall.sh

ifeq ($(SUITE)$(ARCHITECTURE),)
deb: environment  ## build dist/ravatard_*.deb, which installs the same (VERSION=0.2.0; SUITE=trixie, ARCHITECTURE=arm64: as root)
	@$(AS_OWNER) systemd/install/package.sh $(ENVIRONMENT) dist $(VERSION)
else
deb: may-make-machines $(TOOLS)
	$(call build_debs,$(SUITE),$(ARCHITECTURE),$(VERSION))
endif

ifneq ($(VERSION),)
release:  ## VERSION=0.2.0 prepares a release; without it, checks that all agree and builds it for every suite (root)
	@$(AS_OWNER) $(PYTHON) -I systemd/install/release.py . '$(VERSION)'
else
release: may-release may-make-machines $(TOOLS)
	$(call build_debs,$(SUITE),$(ARCHITECTURE))
endif

# Before the tools are installed, which takes minutes.
may-release:
	@$(AS_OWNER) $(PYTHON) -I systemd/install/release.py .

may-make-machines:
	@test "$$(id -u)" = 0 || \
		{ echo "A root of its own takes root. Run: sudo make $(strip $(MAKECMDGOALS) $(MAKEOVERRIDES))" >&2; exit 1; }

apt-repo:  ## add dist/*.deb to a signed apt repository: KEY=fingerprint CHANNEL=stable|canary (DEBS=..., REPO=dist/apt)
	@$(AS_OWNER) systemd/install/apt-repo.sh '$(CHANNEL)' '$(KEY)' '$(REPO)' $(DEBS)

image: may-make-machines $(TOOLS)  ## build dist/ravatard_*.img.xz for a Raspberry Pi's card (root; emulated, it takes long); DEB=dist/...
	$(if $(DEB),,$(call build_debs,trixie,arm64,$(VERSION)))
	$(call install_packages,$(EMULATION_PACKAGES) $(IMAGE_PACKAGES))
	$(BIN)/python -B -m tests.packaging.image $(if $(DEB),--deb '$(DEB)') $(ARGS)

image-test: $(TOOLS)  ## flash it onto a card that is a file, and boot that in QEMU (long); ARGS="--only virt"
	$(call install_packages,$(IMAGE_PACKAGES) $(EMULATOR_PACKAGES) mmdebstrap systemd-container)
	$(AS_OWNER) $(BIN)/python -B -m tests.packaging.image.proof $(ARGS)

# Two at a time, whatever the machine: most of the time is real sound and sockets, waited for.
test: $(TOOLS) $(PACKAGES)  ## run the whole suite
	$(AS_OWNER) $(BIN)/pytest --numprocesses=2 --dist=loadfile $(ARGS)

# Few generated examples, and none of the slow ones: `make test` has them all.
unit: $(TOOLS)  ## run the quick tests that need no sound server, within a minute
	HYPOTHESIS_PROFILE=quick $(AS_OWNER) $(BIN)/pytest tests/unit --numprocesses=2 --dist=loadfile -m "not slow and not hours" $(ARGS)

test-newest:  ## run those with the newest of everything, not with what the locks pin
	@$(AS_OWNER) rm -rf build/newest
	@$(MAKE) --no-print-directory unit VENV=build/newest LOCKED=no

lock: $(TOOLS)  ## pin the newest of everything that is a week old, in the two locks
	@$(AS_OWNER) $(PIP) uv
	$(AS_OWNER) $(BIN)/python -m tests.packaging.lock

cover: $(TOOLS)  ## show that the tests take every branch of the core
	$(AS_OWNER) $(BIN)/pytest -q --timeout=900 tests/unit/core -m "not slow" --cov=ravatard.core --cov-branch \
		--cov-report=term-missing:skip-covered --cov-fail-under=100

check: $(TOOLS)  ## format, lint, types and import contracts, as CI does it
	$(AS_OWNER) $(BIN)/ruff format --check .
	$(AS_OWNER) $(BIN)/ruff check .
	$(AS_OWNER) $(BIN)/mypy
	$(AS_OWNER) $(BIN)/lint-imports

format: $(TOOLS)  ## format the code
	$(AS_OWNER) $(BIN)/ruff format .
	$(AS_OWNER) $(BIN)/ruff check --fix .

bench: $(TOOLS)  ## measure, beside a floor of the same run, and say what became worse; ARGS="--quick"
	$(AS_OWNER) $(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(TOOLS)  ## watch the daemon for an hour beside a busy core; ARGS="--minutes N" for another time
	$(AS_OWNER) $(BIN)/python -m tests.benchmarks.soak $(ARGS)

# These two need root and write elsewhere: -B, no compiled files in the clone.
appliance: $(TOOLS) $(APPLIANCE)  ## prove it on a real systemd in a virtual machine (minutes)
	$(BIN)/python -B -m tests.appliance --packages "$(INSTALL_PACKAGES)" $(ARGS)

# Needs root; kept in RAVATARD_APPLIANCE_CACHE, else in the user's cache.
appliance-image: $(TOOLS) $(APPLIANCE)
	$(BIN)/python -B -m tests.appliance --packages "$(INSTALL_PACKAGES)" --image-only

# Needs root: its machines are namespaces of this one.
fleet: may-make-machines $(TOOLS)  ## prove a fleet with mosquitto, Prometheus and Ansible (root, minutes); ARGS="--only alarms"
	$(call install_packages,$(FLEET_PACKAGES))
	$(BIN)/python -B -m tests.fleet $(ARGS)

package-test: may-make-machines $(TOOLS)  ## prove the .deb in a fresh Debian (root, minutes); ARGS="--suite trixie --architecture arm64"
	$(call install_packages,$(EMULATION_PACKAGES) systemd-container)
	$(BIN)/python -B -m tests.packaging $(ARGS)

# Also what a fresh Debian of `make package-test` is prepared with.
install-packages:
	$(call install_packages,$(INSTALL_PACKAGES))

board: $(SETUP)  ## begin a board of your own, or draw it anew: make board NAME=my-board
	@$(AS_OWNER) $(BIN)/python -m tests.make_board '$(NAME)'

clean:  ## remove everything that was made here
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find ravatard tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Installs the Debian packages of the list that are missing; elsewhere it names them and goes on.
define install_packages
	@missing=; for package in $(1); do \
		dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "No apt here. Install what Debian calls:$$missing"; exit 0; fi; \
	ask="Ask an administrator for: sudo apt install$$missing; then run make again."; \
	if [ "$$(id -u)" = 0 ]; then as_root=; \
	elif ! command -v sudo >/dev/null; then echo "Neither root nor sudo. $$ask" >&2; exit 1; \
	else as_root=sudo; sudo -n true 2>/dev/null || sudo -v || { echo "No right to use sudo. $$ask" >&2; exit 1; }; fi; \
	$(STEP) "Installing system packages:$$missing" "1-3 minutes" $$as_root env DEBIAN_FRONTEND=noninteractive sh -c \
		'apt-get -q -q update && apt-get -q -q -y --no-install-recommends install "$$@" >/dev/null' sh $$missing
endef

define build_debs  # SUITES, ARCHITECTURES, VERSION
	$(call install_packages,$(EMULATION_PACKAGES))
	$(BIN)/python -B -m tests.packaging.debs $(if $(1),--suite $(1)) $(if $(2),--architecture $(2)) $(if $(3),--version $(3))
endef

# Debian ships Python's headers and the maker of virtual environments apart; other builds bring them along.
python_packages = $(shell $(PYTHON) -I -c 'import ensurepip' 2>/dev/null || echo python3-venv) \
	$(shell $(PYTHON) -I -c 'import sys, sysconfig, pathlib; \
	sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())' 2>/dev/null || echo python3-dev)

# Into $(VENV): ravatard with these extras and everything it needs.
define install_python  # WHAT, EXTRAS, LOCKS
	@$(AS_OWNER) $(STEP) "Installing $(1) into $(VENV)" "1-3 minutes" sh -c \
		$(if $(filter no,$(LOCKED)),'PYPI=1 $(PIP) --editable ".[$(2)$$($(BOARD_MODULES) extras)]"',\
		'systemd/install/install-locked.sh $(BIN)/python "$$($(BOARD_MODULES) left-out $(BIN)/python)" $(3) && \
		$(PIP) --no-deps --no-build-isolation --editable .')
endef

$(SETUP): pyproject.toml Makefile $(APPLIANCE_LOCK)
	@$(PYTHON) -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is not Python 3.11 or later; try: make PYTHON=python3.11" >&2; exit 1; }
	$(call install_packages,$(BUILD_PACKAGES) $(python_packages) $(shell $(BOARD_MODULES) packages $(PYTHON)))
	@test -x $(BIN)/python || { echo "Making $(VENV)"; $(AS_OWNER) $(PYTHON) -m venv $(VENV); }
	@$(AS_OWNER) $(BOARD_MODULES) link $(BIN)/python
	$(call install_python,ravatard,systemd$(comma)resample$(comma)live-audio$(comma)media$(comma)chat,$(APPLIANCE_LOCK))
	@$(AS_OWNER) touch $@

$(TOOLS): $(SETUP) $(TESTS_LOCK)
	$(call install_python,the tools of the tests,systemd$(comma)resample$(comma)live-audio$(comma)media$(comma)chat$(comma)test,$(TESTS_LOCK))
	@$(AS_OWNER) touch $@

$(PACKAGES): $(SETUP)
	$(call install_packages,$(TEST_PACKAGES))
	@$(AS_OWNER) touch $@

$(APPLIANCE): $(SETUP)
	$(call install_packages,$(APPLIANCE_PACKAGES) $(INSTALL_PACKAGES))
	@$(AS_OWNER) touch $@

# It does nothing if what it is made from has not changed.
environment:
	$(call install_packages,$(INSTALL_PACKAGES))
	@LOCKED='$(LOCKED)' systemd/install/environment.sh $(SYSTEM_PYTHON) $(ENVIRONMENT) $(EXTRAS)
