#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include <zesvm/error.hpp>

#include "kernels/spirv/accesses.hpp"
#include "kernels/spirv/module.hpp"
#include "tools/commands.hpp"

namespace zesvm::tools {
namespace {

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) throw Error(ErrorCode::unreadable_file, "cannot read " + path);
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

spirv::Module module_in(const std::string& path) {
  auto module = spirv::parse(bytes_of(path));
  if (module) return *std::move(module);
  throw Error(ErrorCode::module_rejected, path +
                                              " is not a SPIR-V module: " + module.error().message +
                                              ", at byte " + std::to_string(module.error().offset));
}

const char* kind_of(const spirv::Argument& argument) {
  switch (argument.kind) {
    case spirv::ArgumentKind::global_pointer: return "global";
    case spirv::ArgumentKind::constant_pointer: return "constant";
    case spirv::ArgumentKind::local_pointer: return "local";
    case spirv::ArgumentKind::value: return "value";
    case spirv::ArgumentKind::image: return "image";
    case spirv::ArgumentKind::sampler: return "sampler";
    case spirv::ArgumentKind::unsupported: break;
  }
  return "unsupported";
}

// Without anything: a value, or a pointer that is not followed.
std::string uses_of(const spirv::AccessSummary& access) {
  std::string words;
  const auto add = [&](bool is_so, const char* word) {
    if (is_so) words += (words.empty() ? "" : ", ") + std::string(word);
  };
  add(access.is_read, "read");
  add(access.is_written, "written");
  add(access.is_atomic, "atomic");
  add(access.escapes, "escapes");
  return words.empty() ? "-" : words;
}

void print_text(const spirv::Kernel& kernel, const spirv::KernelAccesses& accesses) {
  std::size_t types = 4, names = 4;
  for (const spirv::Argument& argument : kernel.arguments) {
    types = std::max(types, argument.type_name.size());
    names = std::max(names, argument.name.size());
  }
  std::cout << kernel.name << "\n" << std::left;
  for (const spirv::Argument& argument : kernel.arguments) {
    const spirv::AccessSummary& access = accesses.arguments[argument.index];
    std::cout << "  " << std::setw(3) << argument.index << std::setw(9) << kind_of(argument)
              << std::setw(static_cast<int>(types) + 1) << argument.type_name
              << std::setw(static_cast<int>(names) + 1) << argument.name;
    if (access.reason.empty()) {
      std::cout << uses_of(access) << "\n";
    } else {
      std::cout << std::setw(31) << uses_of(access) << access.reason << "\n";
    }
  }
  if (accesses.touches_other_memory)
    std::cout << "  follows pointers that are not its arguments: " << accesses.reason << "\n"
              << "  devices without page faults need Kernel::reaching() for it\n";
}

nlohmann::json json_of(const spirv::Kernel& kernel, const spirv::KernelAccesses& accesses) {
  nlohmann::json arguments = nlohmann::json::array();
  for (const spirv::Argument& argument : kernel.arguments) {
    const spirv::AccessSummary& access = accesses.arguments[argument.index];
    arguments.push_back({{"index", argument.index},
                         {"name", argument.name},
                         {"type", argument.type_name},
                         {"kind", kind_of(argument)},
                         {"read", access.is_read},
                         {"written", access.is_written},
                         {"atomic", access.is_atomic},
                         {"escapes", access.escapes},
                         {"reason", access.reason}});
  }
  return {{"name", kernel.name},
          {"arguments", arguments},
          {"follows_pointers", accesses.touches_other_memory},
          {"reason", accesses.reason}};
}

}  // namespace

int print_kernels(const std::string& file, Format format) {
  const spirv::Module module = module_in(file);
  const auto accesses = spirv::infer_accesses(module);
  nlohmann::json report{{"version", 1}, {"file", file}};
  report["kernels"] = nlohmann::json::array();
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    if (format == Format::text) {
      print_text(module.kernels()[i], accesses[i]);
    } else {
      report["kernels"].push_back(json_of(module.kernels()[i], accesses[i]));
    }
  }
  if (format == Format::json)
    // Names in a module are bytes of any kind.
    std::cout << report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  return EXIT_SUCCESS;
}

}  // namespace zesvm::tools
