// The costs beside the design: the engine's numbers for the map that is drawn, with formulas that give them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <QLabel>
#include <algorithm>

#include "engine/base/text.h"
#include "engine/config/training_request.h"
#include "tests/ui/diagram_fixture.h"
#include "ui/diagram/cost_panel.h"
#include "ui/parts/panel_parts.h"

namespace weft::ui {
namespace {

class CostPanelTest : public DiagramTest {
 protected:
  enum Line { Parameters, PerToken, Resident, Read, Largest, Decode, Ceiling, Training, Step };
  void SetUp() override {
    DiagramTest::SetUp();
    m_panel = std::make_unique<CostPanel>(&m_document);
    m_panel->show();
    m_document.setRequest({.cacheType = sharing::ElementType::BFloat16, .context = 4096, .batch = 64});
  }
  void TearDown() override {
    m_panel.reset();
    DiagramTest::TearDown();
  }
  CostLine* line(Line which) const { return m_panel->lines()[which]; }
  void choose(const QString& device) {
    for (std::size_t i = 0; i < memoryChoices().size(); ++i) {
      if (memoryChoices()[i].name == device) return m_panel->setMemoryChoice(static_cast<int>(i));
    }
    FAIL() << device.toStdString();
  }

  SharingDocument m_document;
  std::unique_ptr<CostPanel> m_panel;
};

TEST_F(CostPanelTest, TheCeilingOfDecodingIsTheRooflineOfTheChosenDevice) {
  QStringList seen;
  for (const char* map : {"identity", "cla2"}) {
    m_document.setMapText(map);
    for (const char* key : {"h100", "a100-40"}) {
      const sharing::DeviceModel device = sharing::deviceModel(key).value();
      choose(QString::fromStdString(device.name));
      const sharing::Roofline roofline =
          sharing::decodeRoofline(m_document.shape(), m_document.map(), m_document.request(), device).value();
      EXPECT_EQ(line(Ceiling)->value().toStdString(),
                groupDigits(std::llround(roofline.tokensPerSecond)) + " tokens/s");
      EXPECT_TRUE(line(Ceiling)->formula().contains(QString::number(device.bytesPerSecond / 1e12, 'g', 4) + " TB/s"))
          << line(Ceiling)->formula().toStdString();
      seen << line(Ceiling)->value();
    }
  }
  EXPECT_NE(seen[0], seen[1]) << "another device, another ceiling";
  choose(QStringLiteral("12 GiB"));
  EXPECT_FALSE(line(Ceiling)->isVisible()) << "of mere memory no speed is known";
}

TEST_F(CostPanelTest, TrainingMemoryIsTheMemoryModelsForTheRunsMicroBatch) {
  for (const char* map : {"identity", "cla2"}) {
    m_document.setMapText(map);
    const sharing::TrainingRequest step =
        config::trainingRequest(m_document.run().train, m_document.request().cacheType);
    const sharing::TrainingMemory memory = sharing::trainingMemory(m_document.shape(), m_document.map(), step).value();
    EXPECT_EQ(line(Step)->value().toStdString(), formatBytes(static_cast<double>(memory.peak())));
  }
  // What fits on the chosen device, in the caption below.
  for (const char* key : {"h100", "rtx4090"}) {
    const sharing::DeviceModel device = sharing::deviceModel(key).value();
    choose(QString::fromStdString(device.name));
    const sharing::TrainingRequest step =
        config::trainingRequest(m_document.run().train, m_document.request().cacheType);
    const std::int64_t most =
        sharing::largestMicroBatch(m_document.shape(), m_document.map(), step, device.memoryBytes, kReservedBytes)
            .value();
    const QString said = most == 0 ? QStringLiteral("not even one sequence fits")
                                   : QStringLiteral("at most %1 sequences at once fit, in bfloat16")
                                         .arg(QString::fromStdString(groupDigits(most)));
    const auto labels = m_panel->findChildren<QLabel*>();
    EXPECT_TRUE(std::any_of(labels.begin(), labels.end(), [&](const QLabel* label) { return label->text() == said; }))
        << said.toStdString();
  }
  const QString before = line(Step)->value();
  config::RunConfig run = m_document.run();
  run.train.batchSequences *= 2;
  run.train.microBatch = 0;
  m_document.setRun(run);
  EXPECT_NE(line(Step)->value(), before);
}

TEST_F(CostPanelTest, TheFormulaOfTrainingSaysThePassesOfAMapThatReadsUpward) {
  m_document.setLayerCount(8);
  m_document.setMapText("cla2");
  EXPECT_FALSE(line(Training)->formula().contains("passes"));
  m_document.changeModel(QStringLiteral("passes"), [](config::ModelConfig& model) {
    model.allowUpward = true;
    model.forwardPasses = 4;
    model.backwardPasses = 2;
  });
  m_document.setMapText("0_7_7_7_7_7_7_7");
  ASSERT_TRUE(m_document.isValid());
  const std::string formula = line(Training)->formula().toStdString();
  EXPECT_THAT(formula, ::testing::HasSubstr("layers 1 to 7 count 6 forward and 2 backward passes"));
  sharing::CostRequest request = m_document.request();
  request.context = m_document.run().train.sequenceLength;
  const double train = sharing::cost(m_document.shape(), m_document.map(), request)->flops.train;
  EXPECT_THAT(formula, ::testing::HasSubstr(fmt::format("in all {:.3f} G", train / 1e9)));
}

TEST_F(CostPanelTest, FollowsEveryEditAndKeepsTheLastValidNumbers) {
  m_document.setMapText("identity");
  const QString dense = line(Resident)->value();
  m_document.setMapText("cla2");
  const QString shared = line(Resident)->value(), sharedCeiling = line(Ceiling)->value();
  EXPECT_NE(shared, dense);
  m_document.setMapText("0_9_");
  EXPECT_FALSE(m_document.isValid());
  EXPECT_EQ(line(Resident)->value(), shared);
  EXPECT_EQ(line(Ceiling)->value(), sharedCeiling);
  EXPECT_FALSE(m_document.staleCosts().isEmpty());
}

TEST_F(CostPanelTest, CostsOfEightyLayersFollowEachEditAtOnce) {
  m_document.setLayerCount(80);
  for (int edit = 0; edit < 6; ++edit) {
    m_document.applyGenerator(edit % 2 == 0 ? "identity" : "cla4");
    EXPECT_EQ(line(PerToken)->value().toStdString(), groupDigits(m_document.costs()->kv.bytesPerToken) + " B")
        << "the line is that of this edit";
    EXPECT_TRUE(m_document.staleCosts().isEmpty());
  }
}

}  // namespace
}  // namespace weft::ui
