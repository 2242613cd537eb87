#include "simulator/node/replaced_functions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>

#include "base/interval.hpp"

namespace zesvm::simulator::node {
namespace {

// A jump of 5 bytes reaches 2 GiB.
constexpr Bytes reach = 1_GiB;
constexpr std::size_t jump_size = 16;

/// Maps a page within the reach of an address; null where there is no room.
std::byte* page_near(Address where) {
  for (Bytes away = 16_MiB; away < reach; away += 16_MiB) {
    for (const Address at : {where + away, where - away}) {
      void* const wanted = pointer_to(align_down(at, cpu_page));
      void* const got = ::mmap(wanted, cpu_page.count, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (got == wanted) return static_cast<std::byte*>(got);
      if (got != MAP_FAILED) ::munmap(got, cpu_page.count);
    }
  }
  return nullptr;
}

/// Returns whether a function begins as those of the C library do that are known here.
///
/// Most have one instruction of five bytes first, the system call's number: a thread is before it or
/// past it, never inside. In mmap and mremap a thread that is stopped between the first two would go
/// astray; the first node of a process is made when hardly another thread runs.
bool is_known(const unsigned char* code) {
  const auto begins = [&](std::initializer_list<unsigned char> bytes) {
    return std::equal(bytes.begin(), bytes.end(), code);
  };
  return code[0] == 0xb8 || begins({0x41, 0x89, 0xca, 0x41, 0xf7, 0xc1}) ||
         begins({0x48, 0x83, 0xec}) || begins({0x41, 0xf7, 0xc1});
}

/// Lets a function begin with a jump, in one store.
bool lead(unsigned char* function, const std::byte* target) {
  const auto distance =
      reinterpret_cast<std::intptr_t>(target) - (reinterpret_cast<std::intptr_t>(function) + 5);
  const Address page = align_down(address_of(function), cpu_page);
  // One store within a cache line is seen as a whole.
  if (address_of(function).value % sizeof(std::uint64_t) != 0) return false;
  if (distance != static_cast<std::int32_t>(distance)) return false;
  if (::mprotect(pointer_to(page), cpu_page.count, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return false;
  std::uint64_t code = 0;
  std::memcpy(&code, function, sizeof code);
  std::array<unsigned char, 8> bytes;
  std::memcpy(bytes.data(), &code, sizeof code);
  bytes[0] = 0xe9;
  const auto short_distance = static_cast<std::int32_t>(distance);
  std::memcpy(bytes.data() + 1, &short_distance, sizeof short_distance);
  std::memcpy(&code, bytes.data(), sizeof code);
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(function), code, __ATOMIC_SEQ_CST);
  ::mprotect(pointer_to(page), cpu_page.count, PROT_READ | PROT_EXEC);
  return true;
}

/// What leads from a function's beginning to its replacement: jmp *0(%rip), followed by the address.
void write_jump(std::byte* place, void* target) {
  constexpr std::array<unsigned char, 6> jump{0xff, 0x25, 0, 0, 0, 0};
  std::memcpy(place, jump.data(), jump.size());
  std::memcpy(place + jump.size(), &target, sizeof target);
}

}  // namespace

void replace_functions(std::span<ReplacedFunction> functions) {
  void* const library = ::dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr || functions.empty()) return;
  const auto find = [&](const ReplacedFunction& function) {
    return static_cast<unsigned char*>(::dlsym(library, function.name));
  };
  std::byte* const page = page_near(address_of(find(functions.front())));
  if (page == nullptr) return;
  for (std::size_t i = 0; i < functions.size(); ++i)
    write_jump(page + i * jump_size, functions[i].replacement);
  if (::mprotect(page, cpu_page.count, PROT_READ | PROT_EXEC) != 0) return;
  // Called for as long as the process lives.
  Dl_info self{};
  if (::dladdr(functions.front().replacement, &self) != 0)
    static_cast<void>(::dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE));
  for (std::size_t i = 0; i < functions.size(); ++i) {
    unsigned char* const code = find(functions[i]);
    functions[i].is_replaced =
        code != nullptr && is_known(code) && lead(code, page + i * jump_size);
  }
}

}  // namespace zesvm::simulator::node
