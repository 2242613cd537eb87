// What the doctor says of recorded hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tools/doctor/host_findings.hpp"
#include "tools/doctor/pci_facts.hpp"
#include "tools/host_tree.hpp"

namespace zesvm::tools {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const card = "sys/devices/pci0000:00/0000:00:01.0";

auto finding(Grade grade, const std::string& what, const std::string& remedy = "") {
  return Contains(AllOf(Field(&Finding::grade, grade), Field(&Finding::what, HasSubstr(what)),
                        Field(&Finding::remedy, HasSubstr(remedy))));
}

/// A PCI configuration with an ACS capability as the second of the extended ones.
std::string configuration_with(std::uint16_t control) {
  std::string bytes(4096, '\0');
  bytes.replace(0x100, 4, std::string("\x01\x00\x02\x14", 4));  // next at 0x140
  bytes.replace(0x140, 4, std::string("\x0d\x00\x01\x00", 4));
  bytes[0x146] = static_cast<char>(control & 0xff);
  bytes[0x147] = static_cast<char>(control >> 8);
  return bytes;
}

TEST(DoctorHostTest, ReadsTheGpusAndNothingElse) {
  const HostTree tree("desktop-b580-2");
  const HostFacts facts = read_host(tree.root());
  ASSERT_EQ(facts.gpus.size(), 2u);
  const GpuFact& gpu = facts.gpus[0];
  EXPECT_EQ(gpu.address, "0000:03:00.0");
  EXPECT_EQ(gpu.device_id, 0xe20bu);
  EXPECT_EQ(gpu.kernel_driver, "xe");
  EXPECT_EQ(gpu.largest_window_bytes, std::uint64_t{16} << 30);
  ASSERT_TRUE(gpu.render_node);
  EXPECT_EQ(gpu.render_node->path, "/dev/dri/renderD128");
  EXPECT_TRUE(gpu.render_node->exists);
  ASSERT_EQ(gpu.bridges.size(), 3u);
  EXPECT_EQ(gpu.bridges[0].address, "0000:00:01.0");
}

TEST(DoctorHostTest, ReadsLimits) {
  const HostTree tree("desktop-b580-2");
  const HostFacts facts = read_host(tree.root());
  EXPECT_EQ(facts.address_bits, 48u);
  EXPECT_EQ(facts.limits.locked_memory_bytes, 8388608u);
  EXPECT_EQ(facts.limits.address_space_bytes, std::nullopt);
  EXPECT_EQ(facts.limits.huge_pages, "madvise");
  EXPECT_EQ(facts.kernel_settings_file, "/boot/config-6.18.2-amd64");
}

TEST(DoctorHostTest, FindsNothingWrongWithAGoodHost) {
  const HostTree tree("desktop-b580-2");
  const HostFacts facts = read_host(tree.root());
  EXPECT_EQ(worst_of(judge_gpus(facts)), Grade::good);
  EXPECT_LE(worst_of(judge_limits(facts)), Grade::note);
  EXPECT_EQ(reason_against_system(facts), "");
}

TEST(DoctorHostTest, NamesTheKernelThatIsTooOld) {
  const HostTree tree("desktop-b580-2");
  tree.write("proc/sys/kernel/osrelease", "6.12.1-amd64\n");
  EXPECT_THAT(judge_gpus(read_host(tree.root())),
              finding(Grade::warning, "since Linux 6.15", "6.18"));
}

TEST(DoctorHostTest, NamesTheKernelThatTakesNoAdvice) {
  const HostTree tree("desktop-b580-2");
  tree.write("proc/sys/kernel/osrelease", "6.16.0\n");
  EXPECT_THAT(judge_gpus(read_host(tree.root())), finding(Grade::warning, "no advice", "6.18"));
}

TEST(DoctorHostTest, NamesTheMissingSetting) {
  const HostTree tree("desktop-b580-2");
  tree.write("boot/config-6.18.2-amd64", "CONFIG_DRM_XE=m\nCONFIG_DEVICE_PRIVATE=y\n");
  EXPECT_THAT(
      judge_gpus(read_host(tree.root())),
      finding(Grade::warning, "built without CONFIG_DRM_XE_GPUSVM;", "CONFIG_DRM_XE_GPUSVM"));
}

TEST(DoctorHostTest, KernelWithoutVramForAnyPointerIsTold) {
  const HostTree tree("desktop-b580-2");
  tree.write("boot/config-6.18.2-amd64",
             "CONFIG_DRM_XE=m\nCONFIG_DRM_XE_GPUSVM=y\nCONFIG_DEVICE_PRIVATE=y\n");
  EXPECT_THAT(judge_gpus(read_host(tree.root())),
              finding(Grade::warning, "stays in system memory", "CONFIG_DRM_XE_PAGEMAP"));
}

TEST(DoctorHostTest, FiveLevelPagesRuleOutAnyPointer) {
  const HostTree tree("desktop-b580-2");
  tree.write("proc/cpuinfo",
             "flags : fpu la57 avx\naddress sizes : 46 bits physical, 57 bits virtual\n");
  const HostFacts facts = read_host(tree.root());
  EXPECT_THAT(judge_gpus(facts), finding(Grade::warning, "5-level", "no5lvl"));
  EXPECT_THAT(judge_limits(facts), finding(Grade::note, "57 bits", "no5lvl"));
}

TEST(DoctorHostTest, FiveLevelPagesThatAreNotUsedRuleOutNothing) {
  const HostTree tree("desktop-b580-2");
  tree.write("proc/cpuinfo",
             "flags : fpu avx\naddress sizes : 46 bits physical, 57 bits virtual\n");
  EXPECT_EQ(read_host(tree.root()).address_bits, 48u);
}

TEST(DoctorHostTest, RemedyForAForbiddenRenderNodeIsTheGroup) {
  const HostTree tree("desktop-b580-2");
  // The files of the tree have this process' own group.
  tree.write("etc/group", "video:x:99999:\nrender:x:" + std::to_string(::getegid()) + ":\n");
  HostFacts facts = read_host(tree.root());
  facts.gpus[0].render_node->is_usable = false;
  facts.gpus[0].render_node->mode = 0660;
  EXPECT_THAT(judge_gpus(facts), finding(Grade::problem, "mode 0660", "usermod -aG render"));
  facts.gpus[0].render_node->group.clear();
  facts.gpus[0].render_node->group_id = 991;
  EXPECT_THAT(judge_gpus(facts), finding(Grade::problem, "group 991", "--group-add 991"));
}

TEST(DoctorHostTest, ContainerNeedsToBeGivenTheRenderNode) {
  const HostTree tree("desktop-a770");
  EXPECT_THAT(judge_gpus(read_host(tree.root())),
              finding(Grade::problem, "file is not there", "--device /dev/dri"));
}

TEST(DoctorHostTest, GpusWithoutPageFaultsAreNoWarning) {
  const HostTree tree("desktop-a770");
  const HostFacts facts = read_host(tree.root());
  EXPECT_THAT(judge_gpus(facts), finding(Grade::note, "these GPUs take no page faults"));
  EXPECT_THAT(judge_gpus(facts), finding(Grade::warning, "256 MiB", "Resizable BAR"));
  EXPECT_THAT(judge_peers(facts), IsEmpty());
}

TEST(DoctorHostTest, GpuWithoutKernelDriverSaysHowToGetOne) {
  const HostTree tree("server-max-1550");
  EXPECT_THAT(judge_gpus(read_host(tree.root())),
              finding(Grade::problem, "no kernel driver has it", "xe.force_probe=0bd5"));
}

TEST(DoctorHostTest, GpuOfAVirtualMachineIsNotOurs) {
  const HostTree tree("desktop-b580-2");
  HostFacts facts = read_host(tree.root());
  facts.gpus[0].kernel_driver = "vfio-pci";
  EXPECT_THAT(judge_gpus(facts), finding(Grade::problem, "virtual machine"));
}

TEST(DoctorHostTest, LimitsThatHurtAreNamedWithTheirRemedy) {
  const HostTree tree("server-max-1550");
  const Findings found = judge_limits(read_host(tree.root()));
  EXPECT_THAT(found, finding(Grade::warning, "2 nodes", "kernel.numa_balancing=0"));
  EXPECT_THAT(found, finding(Grade::problem, "1 GiB of addresses", "ulimit -v"));
  EXPECT_THAT(found, finding(Grade::warning, "vm.overcommit_memory=2", "sysctl"));
  EXPECT_THAT(found, finding(Grade::warning, "4096: only", "vm.max_map_count=65530"));
  EXPECT_THAT(found, finding(Grade::warning, "huge pages are off", "madvise"));
}

TEST(DoctorHostTest, AccessControlThatRedirectsIsNamed) {
  const HostTree tree("desktop-b580-2");
  tree.write(std::string(card) + "/config", configuration_with(redirects_requests));
  EXPECT_THAT(judge_peers(read_host(tree.root())), finding(Grade::warning, "at 0000:00:01.0"));
}

TEST(DoctorHostTest, AccessControlOnlyRootMayReadIsSaid) {
  const HostTree tree("desktop-b580-2");
  tree.write(std::string(card) + "/config", std::string(64, '\0'));
  EXPECT_THAT(judge_peers(read_host(tree.root())), finding(Grade::note, "only root", "as root"));
}

TEST(DoctorHostTest, IommuAndMissingPeerSettingAreSaid) {
  const HostTree tree("desktop-b580-2");
  tree.write("boot/config-6.18.2-amd64", "CONFIG_DRM_XE=m\n");
  tree.write(std::string(card) + "/0000:01:00.0/0000:02:01.0/0000:03:00.0/iommu_group/type",
             "DMA-FQ\n");
  const Findings found = judge_peers(read_host(tree.root()));
  EXPECT_THAT(found, finding(Grade::note, "IOMMU", "iommu=pt"));
  EXPECT_THAT(found, finding(Grade::warning, "CONFIG_PCI_P2PDMA"));
}

TEST(DoctorHostTest, ChainsOfCapabilitiesThatTurnInCirclesEnd) {
  std::string bytes(4096, '\0');
  bytes.replace(0x100, 4, std::string("\x01\x00\x02\x10", 4));  // next at 0x100: itself
  EXPECT_EQ(access_control_in(bytes), std::nullopt);
  EXPECT_EQ(access_control_in(configuration_with(0x14)), 0x14);
  EXPECT_EQ(access_control_in(configuration_with(0x14).substr(0, 0x142)), std::nullopt);
  EXPECT_EQ(access_control_in(""), std::nullopt);
}

TEST(DoctorHostTest, BrokenFilesSayNothing) {
  const HostTree tree("broken");
  const HostFacts facts = read_host(tree.root());
  ASSERT_EQ(facts.gpus.size(), 1u);
  EXPECT_EQ(facts.gpus[0].device_id, 0u);
  EXPECT_EQ(facts.address_bits, std::nullopt);
  EXPECT_EQ(facts.limits.max_map_count, std::nullopt);
  EXPECT_EQ(facts.limits.huge_pages, "");
  EXPECT_EQ(facts.numa_nodes, 0u);
  EXPECT_THAT(judge_gpus(facts), finding(Grade::problem, "a GPU this version does not know"));
  EXPECT_LE(worst_of(judge_limits(facts)), Grade::note);
}

TEST(DoctorHostTest, HostWithoutFilesHasNoGpu) {
  const HostTree tree("");
  const HostFacts facts = read_host(tree.root());
  EXPECT_THAT(judge_gpus(facts), finding(Grade::problem, "no Intel GPU"));
  EXPECT_THAT(judge_peers(facts), IsEmpty());
  EXPECT_LE(worst_of(judge_limits(facts)), Grade::note);
}

}  // namespace
}  // namespace zesvm::tools
