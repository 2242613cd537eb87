/// @file c_api.hpp
/// What the functions of zesvm.h share: handles around the C++ objects, exceptions into codes, checks
/// of structures.
#pragma once

#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include <zesvm/zesvm.h>
#include <zesvm/zesvm.hpp>

struct zesvm_runtime {
  zesvm::Runtime runtime;
};
struct zesvm_stream {
  zesvm::Stream stream;
};
struct zesvm_event {
  zesvm::Event event;
};
struct zesvm_module {
  zesvm::Module module;
  std::vector<std::string> names;
};
struct zesvm_kernel {
  zesvm::Kernel kernel;
};

namespace zesvm::c_api {

/// Keeps what went wrong for this thread, and returns the code.
zesvm_code fail(zesvm_code code, const char* message, const char* call = "",
                int result = 0) noexcept;

/// Runs the body of a function; what it throws becomes a code.
template <typename Body>
zesvm_code guarded(Body&& body) noexcept {
  try {
    body();
    return ZESVM_OK;
  } catch (const Error& error) {
    return fail(static_cast<zesvm_code>(static_cast<int>(error.code()) + 1), error.what(),
                error.call().c_str(), error.result());
  } catch (const std::bad_alloc&) {
    return fail(ZESVM_OUT_OF_HOST_MEMORY, "out of host memory");
  } catch (const std::exception& error) {
    return fail(ZESVM_INTERNAL, error.what());
  } catch (...) {
    return fail(ZESVM_INTERNAL, "unknown exception");
  }
}

/// Refuses a call. @errors invalid_argument, always
[[noreturn]] inline void refuse(const char* function, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, std::string(function) + ": " + why);
}

/// @errors invalid_argument: one of the pointers is null
template <typename... Pointers>
void require(const char* function, const Pointers*... pointers) {
  if ((... && (pointers != nullptr))) return;
  refuse(function, "a null pointer");
}

/// @errors invalid_argument: null, `size` is not set, or a reserved member is not zero
template <typename Structure>
void check_structure(const char* function, const Structure* structure) {
  require(function, structure);
  if (structure->size != sizeof(Structure))
    refuse(function, "a structure's size is " + std::to_string(structure->size) + ", not " +
                         std::to_string(sizeof(Structure)) + ": set it to sizeof");
  if constexpr (requires { structure->reserved; })
    if (structure->reserved != 0) refuse(function, "a reserved member is not zero");
}

/// Gives what became of a hint to those who asked.
void give(const HintResult& result, zesvm_hint* hint);
/// Checks the structure a hint is to be given in, before the hint is.
inline void check_hint(const char* function, const zesvm_hint* hint) {
  if (hint != nullptr) check_structure(function, hint);
}

/// @errors invalid_argument: an unknown number
Backing backing_of(const char* function, zesvm_backing backing);
/// @errors invalid_argument: an unknown number
AccessMode mode_of(const char* function, zesvm_access_mode mode);
/// @errors invalid_argument: null where there are some, an unknown mode, a reserved member
std::vector<Access> accesses_of(const char* function, const zesvm_access* accesses,
                                std::size_t count);

/// Copies text into a buffer of `*length` bytes, and says how many bytes it needs.
void write_text(const std::string& from, char* text, std::size_t* length);

}  // namespace zesvm::c_api
