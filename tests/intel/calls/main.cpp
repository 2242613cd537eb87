// driver_calls KERNELS                          prints what the driver answers
// driver_calls KERNELS RECORDED [DIFFERENCES]   compares it with recorded answers; 1 when something differs
#include <fstream>
#include <iostream>
#include <iterator>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {

std::string size_name(std::uint64_t bytes) {
  if (bytes >= (1u << 20) && bytes % (1u << 20) == 0) return std::to_string(bytes >> 20) + " MiB";
  if (bytes >= (1u << 10) && bytes % (1u << 10) == 0) return std::to_string(bytes >> 10) + " KiB";
  return std::to_string(bytes) + " bytes";
}

namespace {

std::vector<char> content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

Transcript lines_of(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  return Transcript::read(in);
}

void ask_everything(Transcript& says, const std::string& kernels) {
  if (says.add("zeInit", zeInit(0)) != ZE_RESULT_SUCCESS) return;
  says.add("zeInit, for GPUs, again", zeInit(ZE_INIT_FLAG_GPU_ONLY));
  std::uint32_t count = 1;
  ze_driver_handle_t driver = nullptr;
  says.add("zeDriverGet", zeDriverGet(&count, &driver));
  Subject subject{driver, nullptr, {}, levelzero::find_newer_functions(driver), says};
  auto description = described<ze_context_desc_t>(ZE_STRUCTURE_TYPE_CONTEXT_DESC);
  says.add("zeContextCreate", zeContextCreate(driver, &description, &subject.context));
  says.add("zeDeviceGet", zeDeviceGet(driver, &(count = 0), nullptr));
  says.add_number("zeDeviceGet: devices", count);
  subject.devices.resize(count);
  zeDeviceGet(driver, &count, subject.devices.data());
  ask_properties(subject);
  ask_memory(subject);
  ask_hints(subject);
  ask_virtual_memory(subject);
  ask_commands(subject);
  ask_events(subject);
  ask_modules(subject, content_of(kernels + "/fill.spv"));
  says.add("zeContextDestroy", zeContextDestroy(subject.context));
}

int run(const std::vector<std::string>& arguments) {
  Transcript now;
  ask_everything(now, arguments.at(0));
  if (arguments.size() == 1) {
    now.write(std::cout);
    return 0;
  }
  const auto known = arguments.size() > 2 ? lines_of(arguments[2]) : Transcript{};
  const auto complaints = compare(now, lines_of(arguments[1]), known);
  for (const std::string& line : complaints) std::cout << line << "\n";
  std::cout << now.lines().size() << " answers, " << known.lines().size() << " known differences, "
            << complaints.size() << " others\n";
  return complaints.empty() ? 0 : 1;
}

}  // namespace
}  // namespace zesvm::tests

int main(int argc, char** argv) {
  try {
    return zesvm::tests::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "driver_calls: " << error.what() << "\n";
    return 2;
  }
}
