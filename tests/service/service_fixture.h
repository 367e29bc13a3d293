// tests/service/service_fixture.h -- a project in a temporary folder, a scripted worker, and a service whose loop the
// test turns by hand.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/files.h"
#include "engine/config/presets.h"
#include "engine/protocol/events.h"
#include "engine/service/client.h"
#include "engine/service/local_executor.h"
#include "engine/service/service.h"

namespace weft::service::test {

// Lines as a worker writes them, ready for a shell's single quotes.
inline std::string line(decltype(protocol::Event::body) body, double time = 1000) {
  return protocol::toJsonLine({time, std::move(body)});
}

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    m_folder.emplace(TemporaryFolder::create("weft-service").value());
    m_project.emplace(store::Project::create(m_folder->path() / "project").value());
    m_store.emplace(store::RunStore::open(m_project->database()).value());
  }
  // A worker that still runs would outlive its folder.
  void TearDown() override {
    const std::vector<store::ActiveJob> active = m_store->service().activeJobs().value();
    for (const store::ActiveJob& job : active) {
      sendSignal({job.attempt.pid, job.attempt.pidStart}, SIGKILL);
    }
  }

  // A worker that is this shell script; "$1" is the run's folder, `say LINE` appends to its events.
  void setWorker(const std::string& script) {
    m_worker = m_folder->path() / "worker.sh";
    ASSERT_TRUE(writeFileAtomically(
        m_worker, "#!/bin/sh\nsay() { printf '%s\\n' \"$1\" >> \"$events\"; }\nevents=\"$1/events.jsonl\"\n" + script));
    std::filesystem::permissions(m_worker, std::filesystem::perms::owner_all);
  }
  static std::string say(decltype(protocol::Event::body) body) { return "say '" + line(std::move(body)) + "'\n"; }
  // Waits until the test allows it to go on: the file `go` in the project's folder.
  std::string waitForGo() const {
    return "while [ ! -e '" + (m_project->folder() / "go").string() + "' ]; do sleep 0.01; done\n";
  }
  void go() const { ASSERT_TRUE(writeFileAtomically(m_project->folder() / "go", "")); }

  store::RunId submit(const std::string& name = "run", const std::string& device = "cpu") {
    config::RunConfig config = config::preset("demo-mqa-cla2").value();
    config.name = name;
    config.device.device = device;
    const Result<store::RunId> id = service::submit(*m_project, *m_store, config);
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or(store::RunId{});
  }

  std::unique_ptr<Service> makeService(std::vector<Lane> lanes = {"cpu"}) {
    return std::make_unique<Service>(*m_project, store::RunStore::open(m_project->database()).value(),
                                     std::make_unique<LocalExecutor>(*m_project, m_worker, std::move(lanes)),
                                     [this](const std::string& sentence) { m_log.push_back(sentence); });
  }

  // Turns the loop until the condition holds; false after 20 seconds.
  bool turnUntil(Service& service, const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < limit) {
      const Result<void> ticked = service.tick();
      EXPECT_TRUE(ticked) << ticked.error().message;
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  bool turnUntilState(Service& service, store::RunId id, store::RunState state) {
    const bool isReached = turnUntil(service, [&] { return run(id).state == state; });
    EXPECT_TRUE(isReached) << "run " << id.value << " is " << store::toString(run(id).state) << ", not "
                           << store::toString(state) << "; " << run(id).failure;
    return isReached;
  }
  store::JobId jobOf(store::RunId id) { return m_store->training(id).value().id; }
  store::RunSummary run(store::RunId id) { return m_store->run(id).value(); }
  ProcessId workerOf(store::RunId id) {
    const store::Attempt attempt = m_store->attempts(id).value().back();
    return {attempt.pid, attempt.pidStart};
  }

  std::optional<TemporaryFolder> m_folder;
  std::optional<store::Project> m_project;
  std::optional<store::RunStore> m_store;
  std::filesystem::path m_worker;
  std::vector<std::string> m_log;
};

}  // namespace weft::service::test
