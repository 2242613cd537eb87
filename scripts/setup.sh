# Sourced by scripts/demo and the scripts that test: installs what is missing, configures, builds; quiet.
# Every step prints one line; its output goes to a log that is shown when the step fails.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source_dir=$PWD
build_root=${ZESVM_BUILD_ROOT:-$source_dir/build}
log_dir=$build_root/logs
mkdir -p "$log_dir"

# step NAME COMMAND...: runs the command; shows the end of its log when it fails.
step() {
  local name=$1 log start=$SECONDS
  shift
  log=$log_dir/${name//[^A-Za-z0-9]/-}.log
  printf '%-44s' "$name ..."
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'ok  %4d s\n' $((SECONDS - start))
  else
    printf 'FAILED after %d s\n' $((SECONDS - start))
    grep -nE 'error:|FAILED|fatal|Error [0-9]' "$log" | head -n 20 || true
    tail -n 60 "$log"
    printf 'The whole log: %s\n' "$log"
    return 1
  fi
}

# packages SECTION...: the names that packages.txt lists under these headings.
packages() {
  local wanted=" $* " section=
  while read -r line; do
    case $line in
      '' | '#'*) ;;
      '['*']') section=${line//[\[\]]/} ;;
      *) if [[ $wanted == *" $section "* ]]; then echo "$line"; fi ;;
    esac
  done <scripts/packages.txt
}

missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || echo "$name"
  done
}

# install_packages SECTION...: apt-get installs what is missing, with sudo when not root.
install_packages() {
  local wanted missing as_root=()
  mapfile -t wanted < <(packages "$@")
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    command -v cmake >/dev/null && command -v ninja >/dev/null && return 0
    echo "This script installs packages on Debian 12 only. Install the equivalents of:" >&2
    printf '  %s\n' "${wanted[@]}" >&2
    return 1
  fi
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [[ ${#missing[@]} -eq 0 ]] && return 0
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "Not root and no sudo here. As root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  step "packages: list" "${as_root[@]}" apt-get update -qq
  step "packages: install ${#missing[@]}" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# configure NAME OPTION...: configures build/NAME, unless that was done with the same options.
configure() {
  local name=$1 dir=$build_root/$1 stamp
  shift
  stamp="$dir/.configured-with"
  mkdir -p "$dir"
  if [[ ! -f $dir/build.ninja || ! -f $stamp || $(<"$stamp") != "$*" ]]; then
    step "$name: configure" cmake -S "$source_dir" -B "$dir" -G Ninja "$@"
    printf '%s' "$*" >"$stamp"
  fi
}

# build NAME TARGET...: builds targets of build/NAME.
build() {
  local name=$1
  shift
  step "$name: build" cmake --build "$build_root/$name" -- "$@"
}

# run_ctest TITLE NAME OPTION...: runs the tests of build/NAME; shows only what failed.
run_ctest() {
  local name=$1 dir=$build_root/$2
  shift 2
  local start=$SECONDS log=$log_dir/${name//[^A-Za-z0-9]/-}-ctest.log
  echo "$name: run"
  if (cd "$dir" && ctest --output-on-failure -j "$(nproc)" "$@") >"$log" 2>&1 </dev/null; then
    grep -E '^[0-9]+% tests passed' "$log"
    echo "$name: $((SECONDS - start)) s"
  else
    grep -vE '^ *[0-9]+/[0-9]+ Test +#.*Passed|^ *Start +[0-9]+:' "$log" | tail -n 150
    return 1
  fi
}

# The one build that the demo, the tests and the installation share.
main_options=(-DCMAKE_BUILD_TYPE=Release -DZESVM_WARNINGS_AS_ERRORS=ON -DZESVM_TESTS=ON -DZESVM_BENCHMARKS=ON)

# Each library and program as one translation unit: half the time of the compiler. The build that is installed, and
# that users make, compiles file by file.
one_unit=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0)
