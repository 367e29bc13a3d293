// tests/worker/worker_under_test.h -- runs the built weft-worker on run folders, as the service does, and reads what it
// left.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/config/run_config.h"
#include "engine/protocol/events.h"

namespace weft::worker_test {

// A weft-worker of its own; killed by the destructor if it still runs.
class WorkerProcess {
 public:
  // `fileLimit_bytes`: files may not grow beyond it, which is what a full disk looks like. `without`: variables that
  // its environment does not get.
  explicit WorkerProcess(const std::filesystem::path& runFolder, std::optional<std::int64_t> fileLimit_bytes = {},
                         const std::vector<const char*>& without = {});
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  pid_t pid() const { return m_pid; }
  void signal(int number) const;
  // True as soon as `condition` holds; false when the process ended or a minute passed before.
  bool runsUntil(const std::function<bool()>& condition);
  // Its exit code; 128 + signal; -1 after a minute.
  int wait();

 private:
  bool endsWithin(int time_ms);
  pid_t m_pid = -1;
  int m_descriptor = -1;
  std::optional<int> m_exitCode;
};

// The whole lines of events.jsonl. A line that is none of ours is a failure, but for what a killed attempt left half.
struct Events {
  std::vector<protocol::Event> all;
  int damaged = 0;

  template <class Body>
  std::vector<Body> of() const {
    std::vector<Body> found;
    for (const protocol::Event& event : all) {
      if (const Body* body = std::get_if<Body>(&event.body)) found.push_back(*body);
    }
    return found;
  }
  std::size_t ends() const { return of<protocol::FinishedEvent>().size() + of<protocol::FailedEvent>().size(); }
};

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest();
  std::filesystem::path folder() const { return m_folder->path(); }
  std::filesystem::path runFolder(const std::string& name) const { return folder() / name; }
  // A run that trains in well under a second; its shards are shared by all runs of a test.
  static config::RunConfig tinyConfig();
  void writeTraining(const std::string& name, const config::RunConfig& config, int attempt = 1) const;
  void writeJob(const std::string& name, const nlohmann::json& job) const;
  Events events(const std::string& name) const;
  std::string log(const std::string& name) const;  // what it said on stderr

  // Runs the job to its end; the exit code.
  int run(const std::string& name, std::optional<std::int64_t> fileLimit_bytes = {}) const;
  // The same without a process of its own, which takes half a second to load torch: for the many ways to fail.
  int runHere(const std::string& name) const;
  // Trains to the end and gives the newest checkpoint's folder.
  std::filesystem::path trained(const std::string& name, const config::RunConfig& config) const;
  // The answer of a job that must succeed.
  protocol::FinishedEvent answer(const std::string& name, const nlohmann::json& job) const;
  // Runs the job here: exit code 3, and its events and log as checkFailure wants them.
  void expectFailure(const std::string& name, ErrorCode code, const std::string& part) const;
  // Hello first and one `failed` last with this code and a single sentence that says `part`; the log says it too.
  void checkFailure(const std::string& name, ErrorCode code, const std::string& part) const;

  std::optional<TemporaryFolder> m_folder;
};

}  // namespace weft::worker_test
