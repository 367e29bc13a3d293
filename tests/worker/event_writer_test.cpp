#include "engine/worker/event_writer.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>

#include "engine/base/files.h"
#include "engine/base/text.h"

namespace fs = std::filesystem;
using namespace weft;
using worker::EventWriter;

class Writer : public ::testing::Test {
 protected:
  fs::path file() const { return m_folder.path() / "events.jsonl"; }
  std::string content() const { return readFile(file()).value(); }
  TemporaryFolder m_folder = TemporaryFolder::create("weft-events").value();
};

TEST_F(Writer, AppendsWholeLinesThatCanBeReadBackWithTheirTime) {
  const double before = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  {
    EventWriter writer = EventWriter::open(file()).value();
    EXPECT_TRUE(writer.write(protocol::ProgressEvent{.phase = "training", .done = 3, .total = 7}));
  }
  EventWriter again = EventWriter::open(file()).value();
  EXPECT_TRUE(again.write(protocol::AlertEvent{.message = "one\ntwo"}));
  const std::vector<std::string> lines = split(content(), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2], "");
  const protocol::Event first = protocol::parseEvent(lines[0]).value(), second = protocol::parseEvent(lines[1]).value();
  EXPECT_EQ(std::get<protocol::ProgressEvent>(first.body).done, 3);
  EXPECT_GE(first.time, before);
  EXPECT_LE(first.time, second.time);
  EXPECT_EQ(std::get<protocol::AlertEvent>(second.body).message, "one\ntwo");
}

TEST_F(Writer, EndsTheHalfLineThatAKilledAttemptLeft) {
  ASSERT_TRUE(writeFileAtomically(file(), "{\"type\":\"finished\"}\n{\"type\":\"met"));
  EventWriter writer = EventWriter::open(file()).value();
  EXPECT_TRUE(writer.write(protocol::AlertEvent{.message = "next"}));
  const std::vector<std::string> lines = split(content(), '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], "{\"type\":\"met");
  EXPECT_TRUE(protocol::parseEvent(lines[2]));
}

TEST_F(Writer, TellsWhenThereIsNoRoomAndStartsANewLineWhenThereIsAgain) {
  EventWriter writer = EventWriter::open(file()).value();
  ASSERT_TRUE(writer.write(protocol::AlertEvent{.message = "first"}));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  // Room for a part of the next line only.
  const rlimit small{.rlim_cur = content().size() + 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(writer.write(protocol::AlertEvent{.message = "second"}));
  EXPECT_FALSE(writer.write(protocol::AlertEvent{.message = "third"}));
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(said, ::testing::StartsWith("weft-worker: events.jsonl cannot be written: "));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << "said once";
  EXPECT_TRUE(writer.write(protocol::AlertEvent{.message = "fourth"}));
  const std::vector<std::string> lines = split(content(), '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_FALSE(protocol::parseEvent(lines[1]));
  EXPECT_EQ(std::get<protocol::AlertEvent>(protocol::parseEvent(lines[2])->body).message, "fourth");
}

TEST_F(Writer, CannotBeOpenedWhereThereIsNoFolder) {
  const Result<EventWriter> writer = EventWriter::open(m_folder.path() / "none/events.jsonl");
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::Io);
  EXPECT_THAT(writer.error().message, ::testing::HasSubstr("none/events.jsonl cannot be opened for writing"));
}
