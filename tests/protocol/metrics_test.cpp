#include "engine/protocol/metrics.h"

#include <gtest/gtest.h>

#include <set>

namespace weft::protocol {
namespace {

TEST(Metrics, EachHasANameAndATitleOfItsOwn) {
  std::set<std::string> names, titles;
  for (const Metric& metric : metrics()) {
    names.insert(metric.name);
    titles.insert(metric.title);
    EXPECT_EQ(findMetric(metric.name), &metric);
    EXPECT_NE(metric.name.find('/'), std::string::npos) << metric.name << " does not say who measures it";
  }
  EXPECT_EQ(names.size(), metrics().size());
  EXPECT_EQ(titles.size(), metrics().size());
}

TEST(Metrics, AnAxisSaysTheUnitAndAnUnknownNameSpeaksForItself) {
  EXPECT_EQ(axisTitle(kTrainLoss), "Training loss (nats per token)");
  EXPECT_EQ(axisTitle(kLearningRate), "Learning rate");
  EXPECT_EQ(axisTitle("mine/entropy"), "mine/entropy");
  EXPECT_EQ(findMetric("mine/entropy"), nullptr);
}

TEST(Metrics, OnlyEvaluationsCarryTheHeldOutOnes) {
  EXPECT_TRUE(isOfEvaluations(kValidLoss));
  EXPECT_TRUE(isOfEvaluations(kValidPerplexity));
  EXPECT_FALSE(isOfEvaluations(kTrainLoss));
}

}  // namespace
}  // namespace weft::protocol
