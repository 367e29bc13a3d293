#include "engine/service/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace weft::service::test {
namespace {

using store::JobId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Host kBox{.name = "box", .lanes = {"cuda:0", "cuda:1", "cuda:2", "cuda:3", "cpu"}};
const Host kLaptop{.name = "laptop", .lanes = {"cpu"}};

Wish wish(std::int64_t job, const std::string& device = "auto", int devices = 1) {
  return {.job = {job}, .resources = {.device = device, .devices = devices}};
}

// "7: cuda:0 cuda:1"
std::string text(const Claim& claim) {
  std::string line = std::to_string(claim.job.value) + ":";
  for (const Lane& lane : claim.lanes) line += " " + lane;
  return line;
}
std::vector<std::string> texts(const std::vector<Claim>& claims) {
  std::vector<std::string> lines;
  for (const Claim& claim : claims) lines.push_back(text(claim));
  return lines;
}
std::vector<std::string> startsOf(const std::vector<Host>& hosts, const std::vector<Claim>& taken,
                                  const std::vector<Wish>& wishes) {
  return texts(place(hosts, taken, wishes).starts);
}

TEST(Placement, AutoIsAGpuWhereThereIsOneAndElseTheCpu) {
  EXPECT_THAT(startsOf({kBox}, {}, {wish(1)}), ElementsAre("1: cuda:0"));
  EXPECT_THAT(startsOf({kLaptop}, {}, {wish(1)}), ElementsAre("1: cpu"));
}

TEST(Placement, ALaneHasOneJobAtATime) {
  const std::vector<Claim> taken{{.job = {9}, .host = "box", .lanes = {"cuda:0", "cuda:2"}}};
  EXPECT_THAT(startsOf({kBox}, taken, {wish(1), wish(2), wish(3), wish(4, "cpu"), wish(5, "cpu")}),
              ElementsAre("1: cuda:1", "2: cuda:3", "4: cpu"));
}

TEST(Placement, AJobForTheGpusNeverGetsTheCpuOfAMachineThatHasGpus) {
  const std::vector<Claim> taken{{.job = {9}, .host = "box", .lanes = {"cuda:0", "cuda:1", "cuda:2", "cuda:3"}}};
  EXPECT_THAT(startsOf({kBox}, taken, {wish(1), wish(2, "cuda"), wish(3, "cpu")}), ElementsAre("3: cpu"));
}

TEST(Placement, ANamedDeviceIsWaitedForWhileOthersAreFree) {
  const std::vector<Claim> taken{{.job = {9}, .host = "box", .lanes = {"cuda:1"}}};
  EXPECT_THAT(startsOf({kBox}, taken, {wish(1, "cuda:1"), wish(2)}), ElementsAre("2: cuda:0"));
}

TEST(Placement, AWideJobKeepsWhatIsFreeUntilItFits) {
  const std::vector<Claim> taken{{.job = {9}, .host = "box", .lanes = {"cuda:0", "cuda:1"}}};
  EXPECT_THAT(startsOf({kBox}, taken, {wish(1, "auto", 4), wish(2), wish(3, "cpu")}), ElementsAre("3: cpu"))
      << "job 2 would keep it waiting, job 3 does not";
  EXPECT_THAT(startsOf({kBox}, {}, {wish(1, "auto", 4), wish(2)}), ElementsAre("1: cuda:0 cuda:1 cuda:2 cuda:3"));
}

TEST(Placement, AllDevicesOfAJobAreOnOneHost) {
  const Host other{.name = "other", .lanes = {"cuda:0", "cuda:1"}};
  const Placement placement = place({other, kBox}, {}, {wish(1, "cuda", 3), wish(2, "cuda", 2)});
  EXPECT_THAT(texts(placement.starts), ElementsAre("1: cuda:0 cuda:1 cuda:2", "2: cuda:0 cuda:1"));
  EXPECT_EQ(placement.starts[0].host, "box");
  EXPECT_EQ(placement.starts[1].host, "other");
}

TEST(Placement, WhatNoMachineWillEverHaveIsRefusedWithASentence) {
  const Placement placement =
      place({kLaptop}, {}, {wish(1, "cuda"), wish(2, "cuda:3"), wish(3, "cpu", 2), wish(4, "gpu")});
  ASSERT_EQ(placement.refusals.size(), 4u);
  EXPECT_THAT(placement.starts, IsEmpty());
  EXPECT_EQ(placement.refusals[0].error.code, ErrorCode::Unsupported);
  EXPECT_EQ(placement.refusals[0].error.message, "device.device is 'cuda', but this machine has only cpu.");
  EXPECT_EQ(placement.refusals[1].error.message, "device.device is 'cuda:3', but this machine has only cpu.");
  EXPECT_EQ(placement.refusals[2].error.message,
            "The job asks for 2 devices of 'cpu' on one machine, but this machine has only cpu.");
  EXPECT_THAT(place({kBox}, {}, {wish(1, "cuda", 9)}).refusals.at(0).error.message,
              HasSubstr("but this machine has only cuda:0, cuda:1, cuda:2, cuda:3, cpu."));
  EXPECT_THAT(place({kBox, kLaptop}, {}, {wish(1, "cuda", 9)}).refusals.at(0).error.message,
              HasSubstr("these machines have only"));
}

TEST(Placement, AFullHouseIsKnownWithoutTheQueue) {
  EXPECT_FALSE(isFull({kLaptop}, {}));
  EXPECT_TRUE(isFull({kLaptop}, {{.job = {1}, .host = "laptop", .lanes = {"cpu"}}}));
  EXPECT_FALSE(isFull({kBox}, {{.job = {1}, .host = "box", .lanes = {"cpu"}}}));
}

// Whatever the machine and the queue: no lane twice, nobody gets what he did not ask for, and of two equal wishes the
// earlier one is never passed over.
TEST(Placement, IsFairForAnyQueue) {
  std::mt19937 random(7);
  const auto any = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  for (int round = 0; round < 2000; ++round) {
    std::vector<Host> hosts;
    for (int h = any(1, 3); h > 0; --h) {
      Host host{.name = "h" + std::to_string(h), .lanes = {}};
      for (int lane = any(0, 4) - 1; lane >= 0; --lane) host.lanes.push_back("cuda:" + std::to_string(lane));
      host.lanes.emplace_back("cpu");
      hosts.push_back(host);
    }
    std::vector<Claim> taken;
    for (const Host& host : hosts)
      for (const Lane& lane : host.lanes)
        if (any(0, 2) == 0) taken.push_back({.job = {1000}, .host = host.name, .lanes = {lane}});
    std::vector<Wish> wishes;
    const std::vector<std::string> devices{"auto", "cuda", "cpu", "cuda:0", "cuda:1"};
    for (int job = any(0, 8); job > 0; --job)
      wishes.push_back(
          wish(static_cast<std::int64_t>(wishes.size()) + 1, devices[static_cast<std::size_t>(any(0, 4))], any(1, 3)));
    const Placement placement = place(hosts, taken, wishes);
    std::set<std::pair<std::string, Lane>> used;
    for (const Claim& claim : taken) used.emplace(claim.host, claim.lanes.front());
    std::set<std::int64_t> started, refused;
    for (const Claim& claim : placement.starts) {
      started.insert(claim.job.value);
      const store::Resources& asked = wishes[static_cast<std::size_t>(claim.job.value - 1)].resources;
      EXPECT_EQ(claim.lanes.size(), static_cast<std::size_t>(asked.devices));
      for (const Lane& lane : claim.lanes) {
        EXPECT_TRUE(used.emplace(claim.host, lane).second) << lane << " twice";
        const bool isNamed = asked.device.starts_with("cuda:") || asked.device == "cpu";
        EXPECT_TRUE(!isNamed || lane == asked.device) << lane;
        EXPECT_TRUE(asked.device != "cuda" || lane != "cpu");
      }
    }
    for (const Refusal& refusal : placement.refusals) refused.insert(refusal.job.value);
    for (const Wish& early : wishes) {
      for (const Wish& late : wishes) {
        const bool isPassedOver = early.job < late.job && early.resources == late.resources &&
                                  started.contains(late.job.value) && !started.contains(early.job.value) &&
                                  !refused.contains(early.job.value);
        EXPECT_FALSE(isPassedOver) << round;
      }
    }
  }
}

// ---- the forecast

std::vector<std::string> lines(const std::vector<ForecastStart>& starts) {
  std::vector<std::string> all;
  for (const ForecastStart& start : starts)
    all.push_back(text(start.claim) + " from " + std::to_string(static_cast<int>(start.start_s)));
  return all;
}

ForecastJob waiting(std::int64_t job, double length_s, const std::string& device = "auto", int devices = 1) {
  return {.job = {job}, .resources = {.device = device, .devices = devices}, .needs = {}, .length_s = length_s};
}

TEST(Forecast, StartsEachJobWhenALaneOfItsKindIsFree) {
  const Host two{.name = "", .lanes = {"cuda:0", "cuda:1", "cpu"}};
  const std::vector<RunningJob> running{{.claim = {.job = {8}, .host = "", .lanes = {"cuda:0"}}, .end_s = 110},
                                        {.claim = {.job = {9}, .host = "", .lanes = {"cuda:1"}}, .end_s = 130}};
  EXPECT_THAT(lines(forecast({two}, running, {waiting(1, 50), waiting(2, 10), waiting(3, 5, "cpu")}, 100)),
              ElementsAre("3: cpu from 100", "1: cuda:0 from 110", "2: cuda:1 from 130"))
      << "the free CPU is promised to no job for a GPU";
}

TEST(Forecast, AJobStartsAfterThoseThatItNeeds) {
  ForecastJob evaluation = waiting(2, 5);
  evaluation.needs = {JobId{1}, JobId{9}};
  const std::vector<RunningJob> running{{.claim = {.job = {9}, .host = "laptop", .lanes = {"cpu"}}, .end_s = 107}};
  EXPECT_THAT(lines(forecast({kLaptop}, running, {evaluation, waiting(1, 20)}, 100)),
              ElementsAre("1: cpu from 107", "2: cpu from 127"));
}

TEST(Forecast, PromisesNothingThatCanNeverStart) {
  ForecastJob after = waiting(2, 5);
  after.needs = {JobId{1}};
  EXPECT_THAT(lines(forecast({kLaptop}, {}, {waiting(1, 20, "cuda"), after, waiting(3, 1)}, 100)),
              ElementsAre("3: cpu from 100"));
}

TEST(Forecast, IsWhatTheServiceDoes) {
  // One turn after the other with the service's own function, against the forecast of the whole.
  std::mt19937 random(11);
  const auto any = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  for (int round = 0; round < 200; ++round) {
    std::vector<ForecastJob> jobs;
    for (int job = 1; job <= 12; ++job)
      jobs.push_back(waiting(job, any(1, 30), any(0, 3) == 0 ? "cpu" : "auto", any(1, 4)));
    std::erase_if(jobs,
                  [](const ForecastJob& job) { return job.resources.device == "cpu" && job.resources.devices > 1; });
    std::vector<std::string> served;
    std::vector<RunningJob> running;
    std::vector<ForecastJob> left = jobs;
    for (double now = 0; !left.empty() || !running.empty(); ++now) {
      std::erase_if(running, [&](const RunningJob& job) { return job.end_s <= now; });
      std::vector<Claim> taken;
      for (const RunningJob& job : running) taken.push_back(job.claim);
      std::vector<Wish> wishes;
      for (const ForecastJob& job : left) wishes.push_back({job.job, job.resources});
      for (const Claim& claim : place({kBox}, taken, wishes).starts) {
        const auto job = std::find_if(left.begin(), left.end(), [&](const auto& one) { return one.job == claim.job; });
        served.push_back(text(claim) + " from " + std::to_string(static_cast<int>(now)));
        running.push_back({.claim = claim, .end_s = now + job->length_s});
        left.erase(job);
      }
    }
    EXPECT_EQ(lines(forecast({kBox}, {}, jobs, 0)), served) << round;
  }
}

TEST(Forecast, OfTenThousandJobsIsMadeWhileAPageIsDrawn) {
  std::vector<ForecastJob> jobs;
  for (int job = 1; job <= 10'000; ++job) jobs.push_back(waiting(job, job % 7 + 1));
  const auto begin = std::clock();
  EXPECT_EQ(forecast({kBox}, {}, jobs, 0).size(), 10'000u);
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 1.0) << "2 s and more if each turn walks all";
}

}  // namespace
}  // namespace weft::service::test
