// The walls of the house, read from the source: which folder may include what.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Include {
  fs::path file;  // relative to the root
  int line = 0;
  std::string target;
  std::string toString() const { return file.string() + ":" + std::to_string(line) + " includes " + target; }
};

const fs::path& root() {
  static const fs::path path = fs::path(WEFT_TEST_SOURCE_DIR).parent_path();
  return path;
}

bool isSource(const fs::path& path) {
  static const std::set<std::string> endings{".h", ".cpp", ".cu", ".cuh"};
  return endings.contains(path.extension().string());
}

std::vector<Include> includesOf(const fs::path& file) {
  static const std::regex pattern(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Include> found;
  std::ifstream stream(file);
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back({fs::relative(file, root()), number, match[1]});
  }
  return found;
}

std::vector<Include> includesBelow(const std::vector<std::string>& folders) {
  std::vector<Include> all;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
      if (!entry.is_regular_file() || !isSource(entry.path())) continue;
      const std::vector<Include> found = includesOf(entry.path());
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

bool startsWith(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }
bool isQt(const std::string& target) {
  return std::regex_search(target, std::regex(R"(^(Q[A-Z]|Qt|qcustomplot|ui/))"));
}
bool isTorch(const std::string& target) {
  return std::regex_search(
      target,
      std::regex(
          R"(^(torch|ATen|c10|caffe2)/|^engine/(device|kernels|nn|interchange|parallel|step|train|infer|worker)/)"));
}
bool isSqlite(const std::string& target) { return startsWith(target, "sqlite3") || startsWith(target, "SQLiteCpp"); }

// Low to high: the order of engine/CMakeLists.txt and of the design.
const std::vector<std::string>& engineFolders() {
  static const std::vector<std::string> folders{"base",    "sharing", "config",  "protocol", "store",       "data",
                                                "service", "device",  "kernels", "nn",       "interchange", "parallel",
                                                "step",    "train",   "infer",   "worker"};
  return folders;
}

std::vector<std::string> violations(const std::vector<Include>& includes, bool (*isForbidden)(const std::string&)) {
  std::vector<std::string> found;
  for (const Include& include : includes) {
    if (isForbidden(include.target)) found.push_back(include.toString());
  }
  return found;
}

const std::vector<std::string> kNothing;

}  // namespace

TEST(Walls, TheScanSeesTheWholeEngine) {
  // A scan that finds nothing would let every wall fall silently.
  std::set<std::string> seen;
  for (const Include& include : includesBelow({"engine"})) seen.insert((*std::next(include.file.begin())).string());
  for (const std::string folder : {"base", "sharing", "config", "protocol", "store", "data", "service", "nn", "step",
                                   "train", "infer", "worker"}) {
    EXPECT_TRUE(seen.contains(folder)) << folder;
  }
}

TEST(Walls, TheEngineKnowsNoQt) {
  EXPECT_EQ(violations(includesBelow({"engine", "plugins", "app/cli", "app/worker"}), isQt), kNothing);
}

TEST(Walls, CoreFoldersKnowNoTorch) {
  EXPECT_EQ(violations(includesBelow({"engine/base", "engine/sharing", "engine/config", "engine/protocol",
                                      "engine/store", "engine/data", "engine/service"}),
                       isTorch),
            kNothing);
}

TEST(Walls, TheFacesKnowNoTorch) {
  EXPECT_EQ(violations(includesBelow({"ui", "app/studio", "app/cli"}), isTorch), kNothing);
}

TEST(Walls, OnlyTheStoreSeesSqlite) {
  std::vector<std::string> found;
  for (const Include& include : includesBelow({"engine", "ui", "app", "plugins"})) {
    if (isSqlite(include.target) && !startsWith(include.file.string(), "engine/store/"))
      found.push_back(include.toString());
  }
  EXPECT_EQ(found, kNothing);
}

TEST(Walls, NoFolderOfTheEngineIncludesOneAboveIt) {
  std::map<std::string, std::size_t> rank;
  for (std::size_t i = 0; i < engineFolders().size(); ++i) rank[engineFolders()[i]] = i;
  // kernels owns the precompiled torch header and knows nothing of device: the two stand side by side.
  std::vector<std::string> found;
  for (const Include& include : includesBelow({"engine"})) {
    if (!startsWith(include.target, "engine/")) continue;
    const std::string from = std::next(include.file.begin())->string();
    const std::string to = std::next(fs::path(include.target).begin())->string();
    ASSERT_TRUE(rank.contains(from)) << from << " is a new folder: give it its place in engineFolders()";
    ASSERT_TRUE(rank.contains(to)) << include.toString();
    if (rank[to] > rank[from]) found.push_back(include.toString());
  }
  EXPECT_EQ(found, kNothing);
}

TEST(Walls, NothingOutsideIncludesTheApps) {
  std::vector<std::string> found;
  for (const Include& include : includesBelow({"engine", "ui", "plugins"})) {
    if (startsWith(include.target, "app/") || startsWith(include.target, "tests/")) found.push_back(include.toString());
  }
  EXPECT_EQ(found, kNothing);
}

TEST(Walls, CudaFilesIncludeNoTorch) {
  std::vector<std::string> found;
  for (const Include& include : includesBelow({"engine", "plugins"})) {
    const std::string ending = include.file.extension().string();
    if ((ending == ".cu" || ending == ".cuh") &&
        std::regex_search(include.target, std::regex(R"(^(torch|ATen|c10|caffe2)/)"))) {
      found.push_back(include.toString());
    }
  }
  EXPECT_EQ(found, kNothing);
}

// Low to high; the pages stand side by side, and none knows another: what two of them need is a part.
TEST(Walls, NoFolderOfTheStudioIncludesOneAboveItAndNoPageAnother) {
  const std::map<std::string, int> rank{{"models", 0},  {"parts", 1}, {"plot", 2},    {"paper", 3},
                                        {"diagram", 4}, {"runs", 4},  {"monitor", 4}, {"compare", 4},
                                        {"measure", 4}, {"queue", 4}, {"figures", 4}, {"window", 5}};
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const Include& include : includesBelow({"ui"})) {
    if (!startsWith(include.target, "ui/") || std::distance(include.file.begin(), include.file.end()) < 3) continue;
    const std::string from = (*std::next(include.file.begin())).string();
    const std::string to = (*std::next(fs::path(include.target).begin())).string();
    seen.insert(from);
    ASSERT_TRUE(rank.contains(from)) << from << " has no place among the rooms of ui";
    ASSERT_TRUE(rank.contains(to)) << include.toString();
    if (from != to && rank.at(to) >= rank.at(from)) found.push_back(include.toString());
  }
  EXPECT_EQ(found, kNothing);
  EXPECT_GE(seen.size(), 11u);
}

TEST(Walls, APluginSeesOnlyTheSeam) {
  std::vector<std::string> found;
  for (const Include& include : includesBelow({"plugins"})) {
    if (startsWith(include.target, "engine/") && include.target != "engine/nn/kv_cache.h" &&
        include.target != "engine/nn/kv_ring.h")
      found.push_back(include.toString());
  }
  EXPECT_EQ(found, kNothing);
}

// Where a word stands outside of the files that may have it.
std::vector<std::string> placesOf(const std::regex& word, const std::set<std::string>& allowed) {
  std::vector<std::string> found;
  for (const std::string folder : {"engine", "ui", "app", "plugins"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
      if (!entry.is_regular_file() || !isSource(entry.path())) continue;
      const std::string file = fs::relative(entry.path(), root()).string();
      if (allowed.contains(file)) continue;
      std::ifstream stream(entry.path());
      int number = 0;
      for (std::string line; std::getline(stream, line);) {
        ++number;
        if (std::regex_search(line, word)) found.push_back(file + ":" + std::to_string(number));
      }
    }
  }
  return found;
}

TEST(Walls, OnlyTheJobRunnerCatchesEverything) {
  EXPECT_EQ(placesOf(std::regex(R"(catch \(\.\.\.\))"), {"engine/worker/job_runner.cpp"}), kNothing);
}

// A pipe in a file's place would be waited for by any other reader. The system's own files are no pipes.
TEST(Walls, FilesAreReadThroughBaseAlone) {
  EXPECT_EQ(placesOf(std::regex(R"(std::ifstream|\bfopen\(|O_RDONLY)"),
                     {"engine/base/files.cpp", "engine/base/machine_memory.cpp", "engine/device/device.cpp",
                      "engine/service/process.cpp", "engine/store/engine_lock.cpp"}),
            kNothing);
}

// Any other reader has no limit of depth. What is allowed reads what this process or a line of it wrote, behind a
// limit.
TEST(Walls, JsonIsReadThroughBaseAlone) {
  EXPECT_EQ(placesOf(std::regex(R"((Json|json|nlohmann::\w+)::(parse|sax_parse)\()"),
                     {"engine/base/json.cpp", "engine/base/safetensors_header.cpp", "engine/data/corpus_reader.cpp",
                      "engine/protocol/events.cpp", "app/cli/direct_job.cpp"}),
            kNothing);
}
