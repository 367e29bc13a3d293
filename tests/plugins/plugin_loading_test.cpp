// A plugin is found by its name, asked who it is before anything else, and refused with one sentence.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/base/files.h"
#include "engine/nn/cache_factory.h"
#include "tests/torch_checks.h"

namespace weft::nn {
namespace {

namespace fs = std::filesystem;

// The folder of the libraries that tests/plugins/CMakeLists.txt builds, in the search path as long as a test runs.
class PluginLoading : public ::testing::Test {
 protected:
  PluginLoading() : m_folder(TemporaryFolder::create("weft-plugin-test")) {
    setPath((executableFolder() / "test_plugins").string());
  }
  ~PluginLoading() override { unsetenv("WEFT_PLUGIN_PATH"); }
  static void setPath(const std::string& path) { setenv("WEFT_PLUGIN_PATH", path.c_str(), 1); }
  fs::path folder() const { return m_folder->path(); }

  static void expectError(const std::string& name, ErrorCode code, const std::string& part) {
    const Result<CacheFactory> made = CacheFactory::create(name);
    ASSERT_FALSE(made.has_value()) << name;
    EXPECT_EQ(toString(made.error().code), std::string(toString(code))) << made.error().message;
    EXPECT_NE(made.error().message.find(part), std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().message.find('\n'), std::string::npos) << made.error().message;
    EXPECT_EQ(made.error().message.back(), '.') << made.error().message;
  }

 private:
  Result<TemporaryFolder> m_folder;
};

CacheSpec smallSpec() { return {.slots = {{.heads = 1, .headWidth = 4}}, .batch = 1, .capacity = 8}; }

TEST_F(PluginLoading, TakesTheDenseCacheForNoName) {
  const Result<CacheFactory> factory = CacheFactory::create("");
  ASSERT_TRUE(factory.has_value());
  EXPECT_EQ(factory->name(), "");
  EXPECT_EQ(factory->make(smallSpec())->analyticBytes(1), 2 * 4 * 4);
}

TEST_F(PluginLoading, FindsAPluginBesideTheProgram) {
  unsetenv("WEFT_PLUGIN_PATH");
  const Result<CacheFactory> factory = CacheFactory::create("int8_cache");
  ASSERT_TRUE(factory.has_value()) << factory.error().message;
  EXPECT_TRUE(factory->changesValues(torch::kFloat));
  EXPECT_EQ(factory->name(), "int8_cache");
  EXPECT_EQ(factory->make(smallSpec())->analyticBytes(1), 2 * (4 + 2));
}

TEST_F(PluginLoading, FindsAPluginInTheSearchPath) {
  fs::copy_file(executableFolder() / "plugins" / "weft_int8_cache.so", folder() / "weft_moved.so");
  setPath("/no such folder::" + folder().string());
  const Result<CacheFactory> factory = CacheFactory::create("moved");
  ASSERT_TRUE(factory.has_value()) << factory.error().message;
}

TEST_F(PluginLoading, NamesTheFoldersAndThePluginsThereWhenThereIsNone) {
  expectError("int9_cache", ErrorCode::NotFound,
              "There is no KV-cache plugin \"int9_cache\" in " + (executableFolder() / "test_plugins").string());
  expectError("int9_cache", ErrorCode::NotFound, "int8_cache");
  expectError("int9_cache", ErrorCode::NotFound, "other_torch");
}

TEST_F(PluginLoading, RefusesANameThatIsAPath) {
  for (const char* name : {"../int8_cache", "/tmp/x", "a b", "weft_x.so", "a\nb"}) {
    const Result<CacheFactory> made = CacheFactory::create(name);
    ASSERT_FALSE(made.has_value()) << name;
    EXPECT_EQ(made.error().code, ErrorCode::InvalidInput) << made.error().message;
  }
}

TEST_F(PluginLoading, RefusesAFileThatIsNoLibrary) {
  setPath(folder().string());
  std::ofstream(folder() / "weft_text.so") << "this is text\n";
  std::ofstream(folder() / "weft_empty.so");
  fs::create_directory(folder() / "weft_folder.so");
  std::ofstream(folder() / "weft_half.so", std::ios::binary) << [] {
    std::ifstream whole(executableFolder() / "plugins" / "weft_int8_cache.so", std::ios::binary);
    std::string bytes(3000, '\0');
    whole.read(bytes.data(), 3000);
    return bytes;
  }();
  expectError("folder", ErrorCode::InvalidInput, "weft_folder.so is a folder, not a file");
  for (const char* name : {"text", "empty", "half"})
    expectError(name, ErrorCode::Unsupported, fmt::format("The plugin {} cannot be loaded: ", name));
}

TEST_F(PluginLoading, RefusesALibraryThatIsNoPlugin) {
  expectError("without_handshake", ErrorCode::Unsupported,
              "weft_without_handshake.so is no KV-cache plugin of Weft: it exports no weft_kv_cache_plugin");
  expectError("other_magic", ErrorCode::Unsupported, "The plugin other_magic is no KV-cache plugin of Weft");
  expectError("refusing", ErrorCode::Unsupported, "The plugin refusing refused the handshake");
  expectError("without_create", ErrorCode::Unsupported, "The plugin without_create has no function that makes a cache");
}

TEST_F(PluginLoading, RefusesAPluginOfAnotherVersionAndSaysWhich) {
  expectError("other_api", ErrorCode::Unsupported,
              "speaks version 1 of the plugin interface, this Weft speaks 2; rebuild it");
  expectError("other_torch", ErrorCode::Unsupported, "was built for torch 2.10.0, this is torch 2.11.0; rebuild it");
  expectError("unknown_torch", ErrorCode::Unsupported, "was built for torch an unknown version");
  expectError("other_compiler", ErrorCode::Unsupported, "was built with the compiler 1.2.3, Weft with ");
}

TEST_F(PluginLoading, ThrowsWhereAPluginMakesNoCache) {
  const Result<CacheFactory> factory = CacheFactory::create("making_nothing");
  ASSERT_TRUE(factory.has_value()) << factory.error().message;
  EXPECT_THROW(factory->make(smallSpec()), std::runtime_error);
}

}  // namespace
}  // namespace weft::nn
