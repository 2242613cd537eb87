// What devices say of themselves, as far as programs decide by it. What depends on the size of a card is left out.
#include <sstream>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

std::string hex(std::uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

std::string yes_or_no(std::uint64_t value) { return value != 0 ? "yes" : "no"; }

void ask_device(Transcript& says, const std::string& name, ze_device_handle_t device) {
  auto properties = described<ze_device_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES);
  says.add(name + ": zeDeviceGetProperties", zeDeviceGetProperties(device, &properties));
  says.add_number(name + ": type", properties.type);
  says.add(name + ": is a sub-device",
           yes_or_no(properties.flags & ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE));
  says.add(name + ": is integrated",
           yes_or_no(properties.flags & ZE_DEVICE_PROPERTY_FLAG_INTEGRATED));
  says.add(name + ": has page faults",
           yes_or_no(properties.flags & ZE_DEVICE_PROPERTY_FLAG_ONDEMANDPAGING));
  says.add(name + ": vendor and device", hex(properties.vendorId) + " " + hex(properties.deviceId));
  says.add(name + ": has a number of its own", yes_or_no(properties.subdeviceId));
  says.add_number(name + ": threads of an execution unit", properties.numThreadsPerEU);
  says.add(name + ": has a clock", yes_or_no(properties.timerResolution));
  says.add_number(name + ": bits of timestamps of kernels", properties.kernelTimestampValidBits);
  says.add_number(name + ": bits of timestamps", properties.timestampValidBits);
  auto memory =
      described<ze_device_memory_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_MEMORY_PROPERTIES);
  std::uint32_t count = 0;
  says.add(name + ": zeDeviceGetMemoryProperties, count",
           zeDeviceGetMemoryProperties(device, &count, nullptr));
  says.add_number(name + ": memories", count);
  says.add(name + ": zeDeviceGetMemoryProperties",
           zeDeviceGetMemoryProperties(device, &(count = 1), &memory));
  says.add(name + ": name of its memory", memory.name);
  says.add(name + ": the largest allocation is all of its memory",
           yes_or_no(properties.maxMemAllocSize == memory.totalSize));
}

void ask_compute(Transcript& says, ze_device_handle_t device) {
  auto compute =
      described<ze_device_compute_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_COMPUTE_PROPERTIES);
  says.add("zeDeviceGetComputeProperties", zeDeviceGetComputeProperties(device, &compute));
  says.add_number("largest group", compute.maxTotalGroupSize);
  says.add("largest group by dimension", std::to_string(compute.maxGroupSizeX) + " " +
                                             std::to_string(compute.maxGroupSizeY) + " " +
                                             std::to_string(compute.maxGroupSizeZ));
  says.add("most groups by dimension", std::to_string(compute.maxGroupCountX) + " " +
                                           std::to_string(compute.maxGroupCountY) + " " +
                                           std::to_string(compute.maxGroupCountZ));
  says.add("local memory", size_name(compute.maxSharedLocalMemory));
  std::string sizes;
  for (std::uint32_t i = 0; i < compute.numSubGroupSizes; ++i)
    sizes += (i > 0 ? " " : "") + std::to_string(compute.subGroupSizes[i]);
  says.add("sizes of sub-groups", sizes);
}

void ask_memory_access(Transcript& says, ze_device_handle_t device) {
  auto access = described<ze_device_memory_access_properties_t>(
      ZE_STRUCTURE_TYPE_DEVICE_MEMORY_ACCESS_PROPERTIES);
  says.add("zeDeviceGetMemoryAccessProperties", zeDeviceGetMemoryAccessProperties(device, &access));
  says.add("access to host allocations", hex(access.hostAllocCapabilities));
  says.add("access to device allocations", hex(access.deviceAllocCapabilities));
  says.add("access to its shared allocations", hex(access.sharedSingleDeviceAllocCapabilities));
  says.add("access to shared allocations of others",
           hex(access.sharedCrossDeviceAllocCapabilities));
  says.add("access to any memory", hex(access.sharedSystemAllocCapabilities));
}

void ask_module_properties(Transcript& says, ze_device_handle_t device) {
  auto modules =
      described<ze_device_module_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_MODULE_PROPERTIES);
  says.add("zeDeviceGetModuleProperties", zeDeviceGetModuleProperties(device, &modules));
  says.add("64-bit floats", yes_or_no(modules.flags & ZE_DEVICE_MODULE_FLAG_FP64));
  says.add("64-bit atomics", yes_or_no(modules.flags & ZE_DEVICE_MODULE_FLAG_INT64_ATOMICS));
  says.add("16-bit floats", yes_or_no(modules.flags & ZE_DEVICE_MODULE_FLAG_FP16));
  says.add_number("largest size of arguments", modules.maxArgumentsSize);
}

void ask_queues(Transcript& says, ze_device_handle_t device) {
  std::uint32_t count = 0;
  says.add("zeDeviceGetCommandQueueGroupProperties, count",
           zeDeviceGetCommandQueueGroupProperties(device, &count, nullptr));
  std::vector<ze_command_queue_group_properties_t> groups(
      count, described<ze_command_queue_group_properties_t>(
                 ZE_STRUCTURE_TYPE_COMMAND_QUEUE_GROUP_PROPERTIES));
  says.add("zeDeviceGetCommandQueueGroupProperties",
           zeDeviceGetCommandQueueGroupProperties(device, &count, groups.data()));
  if (groups.empty()) return;
  says.add("group 0 of queues: flags", hex(groups[0].flags));
  says.add("group 0 of queues: largest pattern of a fill",
           size_name(groups[0].maxMemoryFillPatternSize));
}

void ask_pairs(const Subject& subject) {
  const std::string names[] = {"itself", "the other tile", "the other card"};
  const std::size_t others[] = {0, 1, 2};
  for (std::size_t i = 0; i < 3 && others[i] < subject.devices.size(); ++i) {
    const ze_device_handle_t other = subject.devices[others[i]];
    ze_bool_t can = 2;
    subject.says.add("zeDeviceCanAccessPeer, " + names[i],
                     zeDeviceCanAccessPeer(subject.device(), other, &can));
    subject.says.add("access to " + names[i], yes_or_no(can));
    auto p2p = described<ze_device_p2p_properties_t>(ZE_STRUCTURE_TYPE_DEVICE_P2P_PROPERTIES);
    subject.says.add("zeDeviceGetP2PProperties, " + names[i],
                     zeDeviceGetP2PProperties(subject.device(), other, &p2p));
    subject.says.add("flags of the pair with " + names[i], hex(p2p.flags));
  }
}

void ask_lists(const Subject& subject) {
  Transcript& says = subject.says;
  std::vector<ze_device_handle_t> devices(subject.devices.size() + 3);
  auto count = static_cast<std::uint32_t>(devices.size());
  says.add("zeDeviceGet, more than there are", zeDeviceGet(subject.driver, &count, devices.data()));
  says.add("zeDeviceGet, more than there are: count is that of devices",
           yes_or_no(count == subject.devices.size()));
  says.add("zeDeviceGet, one", zeDeviceGet(subject.driver, &(count = 1), devices.data()));
  says.add_number("zeDeviceGet, one: count", count);
  says.add("zeDeviceGetSubDevices, count",
           zeDeviceGetSubDevices(subject.device(), &(count = 0), nullptr));
  says.add_number("zeDeviceGetSubDevices: count", count);
  says.add("zeDeviceGetStatus", zeDeviceGetStatus(subject.device()));
  says.add("zeContextGetStatus", zeContextGetStatus(subject.context));
  void* function = nullptr;
  says.add("zeDriverGetExtensionFunctionAddress, unknown",
           zeDriverGetExtensionFunctionAddress(subject.driver, "zeNoSuchFunction", &function));
}

}  // namespace

void ask_properties(const Subject& subject) {
  ask_lists(subject);
  ask_device(subject.says, "first device", subject.device());
  ask_device(subject.says, "second device", subject.devices.at(1));
  ask_compute(subject.says, subject.device());
  ask_memory_access(subject.says, subject.device());
  ask_module_properties(subject.says, subject.device());
  ask_queues(subject.says, subject.device());
  ask_pairs(subject);
}

}  // namespace zesvm::tests
