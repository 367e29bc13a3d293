#include "ui/measure/measure_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFileInfo>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

#include "engine/protocol/events.h"
#include "engine/protocol/jobs.h"
#include "tests/ui/compare_fixture.h"
#include "ui/measure/measure_form.h"
#include "ui/measure/measure_model.h"
#include "ui/parts/filter_field.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

store::Measurement point(double batch, double context, double decode, double time = 1) {
  return {.name = "inference",
          .time = time,
          .values = {{"batch", batch},
                     {"context", context},
                     {"fits", 1},
                     {"analytic", 512 * batch * context},
                     {"storage", 512 * batch * context},
                     {"device", 9000},
                     {"prefill_tokens_per_second", 10 * decode},
                     {"decode_tokens_per_second", decode},
                     {"decode_tokens_per_second_low", decode * 0.9},
                     {"decode_tokens_per_second_high", decode * 1.1},
                     {"decode_step_ms", 1000 * batch / decode}},
          .labels = {{"device_name", "CPU (2 threads)"},
                     {"cache", "dense"},
                     {"compute_dtype", "float32"},
                     {"date", "2026-11-25T09:00:00Z"}}};
}

store::Measurement tooLarge(double batch, double context) {
  return {
      .name = "inference", .time = 1, .values = {{"batch", batch}, {"context", context}, {"fits", 0}}, .labels = {}};
}

store::Measurement largest(double context, double found, double predicted) {
  return {.name = "largest_batch",
          .time = 1,
          .values = {{"context", context}, {"largest_batch", found}, {"predicted_batch", predicted}},
          .labels = {}};
}

class MeasurePageTest : public testing::Test {
 protected:
  void fill() {
    m_cla = m_project.addFinished({.name = "CLA"});
    m_mqa = m_project.addFinished({.name = "MQA", .generator = "identity"});
    for (const store::Measurement& one :
         {point(1, 128, 900), point(4, 128, 3000), point(1, 512, 800), tooLarge(64, 512), largest(128, 700, 1000)})
      ASSERT_TRUE(m_project.store().addMeasurement(m_cla, one));
    for (const store::Measurement& one :
         {point(1, 128, 500), point(4, 128, 1500), point(1, 128, 600, 2), largest(2048, 20, 30)})
      ASSERT_TRUE(m_project.store().addMeasurement(m_mqa, one));
  }
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setSession(m_session.get());
    m_page.resize(1300, 800);
    m_page.show();
  }
  void openFilled() {
    fill();
    open();
    ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 7; }));
  }
  ~MeasurePageTest() override { m_page.setSession(nullptr); }
  QString cell(int row, MeasureColumn column) {
    return m_page.model()->index(row, static_cast<int>(column)).data().toString();
  }
  static void choose(QComboBox* box, const QString& text) {
    const int at = box->findText(text);
    ASSERT_GE(at, 0) << text.toStdString();
    box->setFocus();
    box->setCurrentIndex(at);
  }

  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  MeasurePage m_page;
  store::RunId m_cla, m_mqa;
};

TEST_F(MeasurePageTest, SaysWhatToDoWhereNothingWasMeasured) {
  EXPECT_EQ(m_page.plot()->emptyText(), QStringLiteral("No project is open."));
  m_project.addFinished({.name = "CLA"});
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.plot()->emptyText().contains(QStringLiteral("press Measure")); }));
  EXPECT_TRUE(m_page.plot()->lines().empty());
}

TEST_F(MeasurePageTest, ShowsTheNewestOfEachPointWithItsFourNumbersAndWhatDoesNotFit) {
  const QAbstractItemModelTester tester(m_page.model(), QAbstractItemModelTester::FailureReportingMode::Fatal);
  openFilled();
  EXPECT_EQ(cell(0, MeasureColumn::Run), "CLA");
  EXPECT_EQ(cell(0, MeasureColumn::Decode), "900");
  EXPECT_EQ(cell(0, MeasureColumn::Storage), "65,536");
  EXPECT_EQ(cell(0, MeasureColumn::Analytic), "65,536");
  EXPECT_EQ(cell(0, MeasureColumn::Device), "9,000");
  EXPECT_EQ(cell(0, MeasureColumn::Allocator), "–");
  EXPECT_EQ(cell(0, MeasureColumn::Largest), "700");
  EXPECT_EQ(cell(0, MeasureColumn::Predicted), "1,000");
  EXPECT_EQ(cell(3, MeasureColumn::Prefill), "out of memory");
  EXPECT_EQ(cell(3, MeasureColumn::Decode), "–");
  EXPECT_EQ(cell(4, MeasureColumn::Run), "MQA");
  EXPECT_EQ(cell(4, MeasureColumn::Decode), "600") << "measured twice: the newest";
  EXPECT_EQ(cell(6, MeasureColumn::Batch), "–") << "only its largest batch is known at this context";
  EXPECT_EQ(cell(6, MeasureColumn::Largest), "20");
}

TEST_F(MeasurePageTest, DrawsOneLineARunForTheChosenAxes) {
  openFilled();
  EXPECT_EQ(m_page.atBox()->currentText(), QStringLiteral("128")) << "where most was measured";
  ASSERT_EQ(m_page.plot()->lines().size(), 2u);
  EXPECT_EQ(m_page.plot()->lines()[0].run, m_cla);
  EXPECT_EQ(m_page.plot()->lines()[0].x, (QVector<double>{1, 4}));
  EXPECT_EQ(m_page.plot()->lines()[0].y, (QVector<double>{900, 3000}));
  EXPECT_DOUBLE_EQ(m_page.plot()->lines()[0].high[1], 3300);
  choose(m_page.xBox(), titleOf(MeasureX::Context));
  choose(m_page.atBox(), QStringLiteral("1"));
  EXPECT_EQ(m_page.plot()->lines()[0].x, (QVector<double>{128, 512}));
  choose(m_page.yBox(), titleOf(MeasureY::Largest));
  EXPECT_FALSE(m_page.atBox()->isEnabled());
  ASSERT_EQ(m_page.plot()->lines().size(), 2u);
  EXPECT_EQ(m_page.plot()->lines()[1].x, (QVector<double>{2048}));
  EXPECT_EQ(m_page.plot()->lines()[1].y, (QVector<double>{20}));
  EXPECT_EQ(m_page.plot()->scale(m_page.plot()->xAxis), Plot::Scale::Logarithmic);
  EXPECT_EQ(m_page.plot()->scale(m_page.plot()->yAxis), Plot::Scale::Logarithmic);
}

TEST_F(MeasurePageTest, TheFilterAndAnotherPageChooseTheRuns) {
  openFilled();
  m_page.filterField()->setFocus();
  QTest::keyClicks(m_page.filterField(), QStringLiteral("MQA"));
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 3; }));
  m_page.filterField()->selectAll();
  QTest::keyClicks(m_page.filterField(), QStringLiteral("nothing-of-this-name"));
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 0; }));
  EXPECT_THAT(m_page.plot()->emptyText().toStdString(), testing::HasSubstr("matches the filter"));
  m_page.showRuns({m_cla});
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 4; }));
  EXPECT_EQ(cell(0, MeasureColumn::Run), "CLA");
}

TEST_F(MeasurePageTest, FollowsWhatIsMeasuredWhileItIsOpen) {
  openFilled();
  ASSERT_TRUE(m_project.store().addMeasurement(m_cla, point(8, 128, 5000)));
  EXPECT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 8; }));
}

TEST_F(MeasurePageTest, AClickSelectsARowAndAKeyTakesItsRunToAnotherPage) {
  openFilled();
  QSignalSpy asked(&m_page, &Page::showRunsRequested);
  QTableView* table = m_page.table();
  QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(table->model()->index(5, 0)).center());
  table->setFocus();
  m_page.activateWindow();
  ASSERT_TRUE(QTest::qWaitForWindowActive(&m_page));
  QTest::keyClick(table, Qt::Key_C);
  ASSERT_EQ(asked.size(), 1);
  EXPECT_EQ(asked[0][0].value<PageId>().name(), QStringLiteral("Compare"));
  EXPECT_EQ(asked[0][1].value<std::vector<store::RunId>>(), std::vector<store::RunId>{m_mqa});
}

TEST_F(MeasurePageTest, ExportsTheTableAsCsvAndThePlotInThreeForms) {
  openFilled();
  const QStringList lines = m_page.model()->csv().trimmed().split(u'\n');
  ASSERT_EQ(lines.size(), 8);
  EXPECT_TRUE(lines[0].startsWith(QStringLiteral("id,run,context,batch,fits,prefill_tokens_per_second")));
  EXPECT_TRUE(lines[1].contains(QStringLiteral(",CLA,128,1,yes,9000,900,"))) << lines[1].toStdString();
  EXPECT_TRUE(lines[4].contains(QStringLiteral(",512,64,no,,,")));
  EXPECT_TRUE(m_page.plot()->rendered(QStringLiteral("pdf")).startsWith("%PDF"));
  EXPECT_TRUE(m_page.plot()->rendered(QStringLiteral("svg")).contains("<svg"));
  EXPECT_TRUE(m_page.plot()->rendered(QStringLiteral("png")).startsWith("\x89PNG"));
  QSignalSpy said(&m_page, &Page::messageRaised);
  const QString path = m_project.folder() + QStringLiteral("/figures/inference.svg");
  m_page.exportPlot(path);
  ASSERT_TRUE(waitUntil([&] { return !said.isEmpty(); }));
  EXPECT_FALSE(said[0][1].toBool()) << said[0][0].toString().toStdString();
  EXPECT_GT(QFileInfo(path).size(), 1000);
}

// The form with a worker that is a script: what the real one measures is tests/worker's and tests/infer's matter.
class MeasureFormTest : public MeasurePageTest {
 protected:
  ~MeasureFormTest() override { qunsetenv("WEFT_WORKER"); }
  void openWithCheckpoint() {
    m_run = m_project.addFinished({.name = "CLA", .configToml = "name = \"CLA\"\n[train]\nsequence_length = 96\n"});
    const auto folder = m_project.project().runFolder(m_run) / "checkpoints" / "step-300";
    ASSERT_TRUE(createFolders(folder));
    ASSERT_TRUE(writeFileAtomically(folder / "model.toml", "name = \"CLA\"\n[train]\nsequence_length = 96\n"));
    ASSERT_TRUE(writeFileAtomically(folder / "model.safetensors", ""));
    open();
    ASSERT_TRUE(waitUntil([&] { return form().contextField()->text() == QStringLiteral("96"); }))
        << "the context that it was trained at";
  }
  // "$1" is the job's folder; it goes on when the file `go` is there.
  void setWorker(const std::string& body) {
    const auto file = m_folder.path() / "worker.sh";
    ASSERT_TRUE(writeFileAtomically(
        file,
        "#!/bin/sh\nsay() { printf '%s\\n' \"$1\" >> \"$events\"; }\nevents=\"$1/events.jsonl\"\ncp \"$1/job.json\" '" +
            (m_folder.path() / "job.json").string() + "'\n" + body));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    qputenv("WEFT_WORKER", QByteArray::fromStdString(file.string()));
  }
  static std::string say(decltype(protocol::Event::body) body) {
    return "say '" + protocol::toJsonLine({1000, std::move(body)}) + "'\n";
  }
  static std::string sayPoint(double batch) {
    const store::Measurement one = point(batch, 96, 900);
    return say(protocol::MeasurementEvent{.name = one.name, .values = one.values, .labels = one.labels});
  }
  std::string waitForGo() const {
    return "while [ ! -e '" + (m_folder.path() / "go").string() + "' ]; do sleep 0.01; done\n";
  }
  void go() const { ASSERT_TRUE(writeFileAtomically(m_folder.path() / "go", "")); }
  MeasureForm& form() { return *m_page.form(); }
  // What the worker was told.
  protocol::MeasureJob job() const {
    const auto told = protocol::readJob(m_folder.path());
    EXPECT_TRUE(told) << (told ? "" : told.error().message);
    return told ? std::get<protocol::MeasureJob>(told->body) : protocol::MeasureJob{};
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-ui").value();
  store::RunId m_run;
};

TEST_F(MeasureFormTest, MeasuresTheProposedRunWithProgressAndKeepsTheResultWithIt) {
  setWorker(say(protocol::HelloEvent{}) + say(protocol::ProgressEvent{.phase = "measuring", .done = 1, .total = 4}) +
            sayPoint(1) + waitForGo() + sayPoint(2) + say(protocol::FinishedEvent{}));
  openWithCheckpoint();
  QSignalSpy said(&m_page, &Page::messageRaised);
  EXPECT_EQ(form().modelField()->text(), QString::number(m_run.value));
  QTest::mouseClick(form().button(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return form().progress()->isVisible() && form().progress()->value() == 250; }));
  EXPECT_TRUE(form().progress()->text().contains(QStringLiteral("measuring")))
      << form().progress()->text().toStdString();
  EXPECT_EQ(form().button()->text(), QStringLiteral("Cancel"));
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 1; }))
      << "a point is kept as it comes, and the page stays alive meanwhile";
  go();
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 2 && !said.isEmpty(); }));
  EXPECT_EQ(said[0][0].toString(), QStringLiteral("2 measured points kept with run %1.").arg(m_run.value));
  EXPECT_FALSE(said[0][1].toBool());
  EXPECT_EQ(form().button()->text(), QStringLiteral("Measure"));
  EXPECT_EQ(job().batches, (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_EQ(job().contexts, std::vector<std::int64_t>{96});
  EXPECT_THAT(job().model, testing::HasSubstr("checkpoints/step-300"));
}

TEST_F(MeasureFormTest, TakesBatchesAndContextsByKeysAndRefusesWhatIsNoNumber) {
  setWorker(say(protocol::HelloEvent{}) + sayPoint(8) + say(protocol::FinishedEvent{}));
  openWithCheckpoint();
  QSignalSpy said(&m_page, &Page::messageRaised);
  const auto write = [&](QLineEdit* field, const QString& text) {
    field->setFocus();
    field->selectAll();
    QTest::keyClicks(field, text);
  };
  write(form().batchField(), QStringLiteral("two"));
  QTest::keyClick(form().batchField(), Qt::Key_Return);
  ASSERT_EQ(said.size(), 1);
  EXPECT_EQ(said[0][0].toString(), QStringLiteral("Batch takes whole numbers from 1 on, like 128, 512."));
  EXPECT_TRUE(said[0][1].toBool());
  EXPECT_FALSE(form().isMeasuring());
  write(form().batchField(), QStringLiteral("8"));
  write(form().contextField(), QStringLiteral("64, 256"));
  QTest::keyClick(form().contextField(), Qt::Key_Return);
  ASSERT_TRUE(waitUntil([&] { return said.size() == 2; }));
  EXPECT_EQ(job().batches, std::vector<std::int64_t>{8});
  EXPECT_EQ(job().contexts, (std::vector<std::int64_t>{64, 256}));
}

TEST_F(MeasureFormTest, IsCanceledByTheButtonAndByEscapeAndKeepsWhatThereIs) {
  setWorker(say(protocol::HelloEvent{}) + sayPoint(1) + waitForGo());
  openWithCheckpoint();
  QSignalSpy said(&m_page, &Page::messageRaised);
  QTest::mouseClick(form().button(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->rowCount() == 1; }));
  QTest::mouseClick(form().button(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return said.size() == 1; }));
  EXPECT_EQ(said[0][0].toString(),
            QStringLiteral("The measurement was stopped: 1 measured point kept with run %1.").arg(m_run.value));
  EXPECT_FALSE(said[0][1].toBool()) << "it is what was asked for";
  QTest::mouseClick(form().button(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return form().isMeasuring(); }));
  QTest::keyClick(&form(), Qt::Key_Escape);
  ASSERT_TRUE(waitUntil([&] { return said.size() == 2; }));
  EXPECT_FALSE(form().isMeasuring());
}

TEST_F(MeasureFormTest, AFailureIsOneSentence) {
  setWorker(say(protocol::HelloEvent{}) +
            say(protocol::FailedEvent{.code = "out_of_memory", .message = "Nothing that was asked for fits."}) +
            "exit 3\n");
  openWithCheckpoint();
  QSignalSpy said(&m_page, &Page::messageRaised);
  QTest::mouseClick(form().button(), Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return said.size() == 1; }));
  EXPECT_EQ(said[0][0].toString(), QStringLiteral("Nothing that was asked for fits."));
  EXPECT_TRUE(said[0][1].toBool());
  // A model that is not there.
  form().modelField()->setFocus();
  form().modelField()->selectAll();
  QTest::keyClicks(form().modelField(), QStringLiteral("nobody"));
  QTest::keyClick(form().modelField(), Qt::Key_Return);
  ASSERT_TRUE(waitUntil([&] { return said.size() == 2; }));
  EXPECT_THAT(said[1][0].toString().toStdString(), testing::HasSubstr("nobody"));
}

TEST_F(MeasureFormTest, TheSelectedRowsRunIsProposed) {
  openFilled();
  m_page.table()->selectRow(5);
  EXPECT_EQ(form().modelField()->text(), QString::number(m_mqa.value));
  m_page.table()->selectRow(0);
  EXPECT_EQ(form().modelField()->text(), QString::number(m_cla.value));
}

}  // namespace
}  // namespace weft::ui
