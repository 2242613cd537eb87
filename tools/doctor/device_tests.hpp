/// @file device_tests.hpp
/// Self-tests of drivers and devices.
#pragma once

#include "tools/doctor/trial.hpp"

namespace zesvm::tools {

/// Loads each driver library the loader knows by name, and says why it cannot.
void try_driver_libraries(Journal& journal);
/// Initialises Level Zero; tells versions, devices, whether they are simulated.
void try_devices(Journal& journal);
/// Compiles a kernel for every device and runs it on memory of the device.
void try_kernels(Trial& trial);
/// Copies and fills memory of the default backing.
void try_copies(Trial& trial);
/// Sends data between every two devices whose driver reports access.
void try_peers(Trial& trial);

}  // namespace zesvm::tools
