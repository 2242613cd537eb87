// devices_shown [EXPECTED]   which devices the driver shows here: `device`, `card(2)` with two tiles, or `tile` of a
//                            card, each with the devices it reaches in place: `tile+1`; 1 when that is not expected
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <level_zero/ze_api.h>

namespace {

std::string kind_of(ze_device_handle_t device) {
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES;
  zeDeviceGetProperties(device, &properties);
  if ((properties.flags & ZE_DEVICE_PROPERTY_FLAG_SUBDEVICE) != 0) return "tile";
  std::uint32_t tiles = 0;
  zeDeviceGetSubDevices(device, &tiles, nullptr);
  return tiles == 0 ? "device" : "card(" + std::to_string(tiles) + ")";
}

std::string shown() {
  if (const ze_result_t result = zeInit(0); result != ZE_RESULT_SUCCESS)
    return "zeInit: 0x" + std::to_string(result);
  std::uint32_t count = 1;
  ze_driver_handle_t driver = nullptr;
  zeDriverGet(&count, &driver);
  zeDeviceGet(driver, &(count = 0), nullptr);
  std::vector<ze_device_handle_t> devices(count);
  zeDeviceGet(driver, &count, devices.data());
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : " ") + kind_of(devices[i]);
    for (std::size_t other = 0; other < count; ++other) {
      ze_bool_t is_reached = 0;
      zeDeviceCanAccessPeer(devices[i], devices[other], &is_reached);
      if (other != i && is_reached != 0) text += "+" + std::to_string(other);
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string seen = shown();
  std::cout << seen << "\n";
  return argc < 2 || seen == argv[1] ? 0 : 1;
}
