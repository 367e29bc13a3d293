#include "ui/diagram/generator_bar.h"

#include <QComboBox>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "engine/sharing/generators.h"
#include "engine/sharing/trainable.h"
#include "ui/diagram/map_field.h"
#include "ui/parts/frames.h"
#include "ui/parts/icons.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr std::size_t kMostFixes = 3;
constexpr int kLabelWidth = 64;
constexpr int kLeastWidth = 380;
constexpr int kRoomForCounts = 560;  // of the bar, for how many layers produce and consume beside the map

class CheckMark : public QWidget {
 public:
  CheckMark() { setFixedSize(16, 16); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    paintIcon(painter, rect(), QStringLiteral("check"), Theme::current().good);
  }
};

}  // namespace

GeneratorBar::GeneratorBar(SharingDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_patterns(new QHBoxLayout),
      m_rowHeights(new QWidget),
      m_more(new QPushButton),
      m_menu(new QMenu(this)),
      m_moreNumber(new NumberField(tr("Number of the pattern"), 0, sharing::SharingMap::kMaximumLayers)),
      m_groupSize(new NumberField(tr("Layers a group of CLA-n"), 2, sharing::SharingMap::kMaximumLayers)),
      m_layers(new NumberField(tr("Layers"), 1, sharing::SharingMap::kMaximumLayers)),
      m_field(new MapField(document)),
      m_check(new CheckMark),
      m_verdict(new TextLabel({}, Type::Body, Tone::Good)),
      m_counts(new TextLabel({}, Type::Body, Tone::Text2)),
      m_band(new ErrorBand(ErrorBand::Sign::Middle)),
      m_sentence(new TextLabel({}, Type::Body, Tone::Text)),
      m_bandLayout(new QHBoxLayout(m_band)) {
  auto* top = new Surface(Surface::Fill::Panel);
  auto* rows = new QVBoxLayout(top);
  rows->setContentsMargins(metrics::pageMargin, 9, metrics::panelMargin, 9);
  rows->setSpacing(10);

  QHBoxLayout* patterns = m_patterns;
  patterns->setSpacing(6);
  const auto label = [](const QString& text) {
    auto* widget = new TextLabel(text, Type::Body, Tone::Text2);
    widget->setFixedWidth(kLabelWidth - 6);
    return widget;
  };
  patterns->addWidget(label(tr("Generate")));
  for (const sharing::Generator& generator : sharing::generators()) {
    if (generator.group != sharing::generators().front().group) continue;
    auto* button = new QPushButton(QString::fromStdString(generator.title));
    button->setCheckable(true);
    button->setToolTip(QString::fromStdString(generator.description));
    patterns->addWidget(button);
    if (generator.takesNumber()) {
      m_groupSize->show(2);
      m_groupSize->setMinimumWidth(0);
      m_groupSize->setFixedWidth(54);
      patterns->addWidget(m_groupSize);
    }
    connect(button, &QPushButton::clicked, this, [this, &generator] {
      m_document->applyGenerator(generator.text(m_groupSize->value()));
      refresh();
    });
    m_buttons << button;
    m_buttonGenerators.push_back(&generator);
  }
  m_more->setCheckable(true);
  m_more->setMenu(m_menu);
  m_moreNumber->setMinimumWidth(0);
  m_moreNumber->setFixedWidth(54);
  patterns->addWidget(m_more);
  patterns->addWidget(m_moreNumber);
  fillMenu();
  // Another n regroups at once while the map is a CLA-n, else it waits for the button.
  connect(m_groupSize, &NumberField::valueChanged, this, [this](int n) {
    const sharing::Generator* generator = lit(nullptr);
    if (generator && generator->name == "cla") m_document->applyGenerator(generator->text(n));
  });
  connect(m_moreNumber, &NumberField::valueChanged, this, [this](int n) {
    if (const sharing::Generator* generator = lit(nullptr)) m_document->applyGenerator(generator->text(n));
    refresh();
  });
  patterns->addSpacing(10);
  patterns->addWidget(new TextLabel(tr("Layers"), Type::Body, Tone::Text2));
  m_layers->setFixedWidth(60);
  m_layers->setMinimumWidth(0);
  patterns->addWidget(m_layers);
  patterns->addSpacing(10);
  auto* rowLine = new QHBoxLayout(m_rowHeights);
  rowLine->setContentsMargins(0, 0, 0, 0);
  rowLine->addWidget(new TextLabel(tr("Rows"), Type::Body, Tone::Text2));
  auto* rowHeights = new QComboBox;
  rowHeights->setAccessibleName(tr("Row height"));
  const std::optional<qreal> heights[] = {std::nullopt, 36.0, 26.0, 18.0, 10.0};
  rowHeights->addItems({tr("Automatic"), tr("Tall"), tr("Normal"), tr("Low"), tr("Lowest")});
  connect(rowHeights, &QComboBox::activated, this,
          [this, heights](int index) { Q_EMIT rowHeightChosen(heights[index]); });
  rowLine->addWidget(rowHeights);
  patterns->addWidget(m_rowHeights);
  patterns->addStretch();
  rows->addLayout(patterns);

  auto* text = new QHBoxLayout;
  text->setSpacing(6);
  text->addWidget(label(tr("Map")));
  m_field->setMinimumWidth(120);
  text->addWidget(m_field, 1);
  text->addSpacing(6);
  text->addWidget(m_check);
  text->addWidget(m_verdict);
  text->addSpacing(4);
  text->addWidget(m_counts);
  rows->addLayout(text);

  m_band->setFixedHeight(40);
  m_sentence->setElided(true);
  m_bandLayout->setContentsMargins(metrics::pageMargin + 26, 0, metrics::panelMargin, 0);
  m_bandLayout->setSpacing(metrics::gap);
  m_bandLayout->addWidget(m_sentence, 1);

  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(top);
  layout->addWidget(m_band);
  connect(m_layers, &NumberField::valueChanged, document, &SharingDocument::setLayerCount);
  connect(document, &SharingDocument::changed, this, &GeneratorBar::refresh);
  refresh();
}

// Narrower than the buttons that are shown: see fit().
QSize GeneratorBar::minimumSizeHint() const { return {kLeastWidth, QWidget::minimumSizeHint().height()}; }

void GeneratorBar::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fit();
}

void GeneratorBar::fit() {
  const int room = width() - metrics::pageMargin - metrics::panelMargin;
  const auto show = [this](qsizetype index, bool isShown) {
    m_buttons[index]->setVisible(isShown);
    if (m_buttonGenerators[static_cast<std::size_t>(index)]->takesNumber()) m_groupSize->setVisible(isShown);
  };
  m_rowHeights->show();
  for (qsizetype index = 0; index < m_buttons.size(); ++index) show(index, true);
  // Asked after each step: the menu's button may get the name of what it took over, which is longer.
  const auto isTooWide = [&] {
    refreshMore();
    m_patterns->invalidate();  // else it answers for what was shown before
    return m_patterns->sizeHint().width() > room;
  };
  for (qsizetype index = m_buttons.size() - 1; index > 1 && isTooWide(); --index) show(index, false);
  if (isTooWide()) m_rowHeights->hide();
  for (qsizetype index = 1; index >= 0 && isTooWide(); --index) show(index, false);
  m_counts->setVisible(m_document->isValid() && room > kRoomForCounts);
}

QString GeneratorBar::verdict() const { return m_verdict->text(); }
QString GeneratorBar::sentence() const { return m_document->isValid() ? QString() : m_sentence->text(); }

void GeneratorBar::refresh() {
  int number = 0;
  const sharing::Generator* generator = lit(&number);
  for (qsizetype i = 0; i < m_buttons.size(); ++i)
    m_buttons[i]->setChecked(generator == m_buttonGenerators[static_cast<std::size_t>(i)]);
  if (generator && generator->name == "cla") m_groupSize->show(number);
  m_layers->show(m_document->design().model.layers);

  const bool isValid = m_document->isValid();
  const int layers = m_document->map().layerCount();
  const int producers = static_cast<int>(m_document->map().producers().size());
  m_check->setVisible(isValid);
  m_counts->setText(tr("%1 producers, %2 consumers").arg(producers).arg(layers - producers));
  m_verdict->setTone(isValid ? Tone::Good : Tone::Error);
  if (isValid) {
    const Result<void> trainable = sharing::checkTrainable(m_document->map());
    m_verdict->setText(!trainable                     ? tr("Valid, not trained yet")
                       : m_document->map().isCausal() ? tr("Valid, causal")
                                                      : tr("Valid, reads upwards"));
    m_verdict->setToolTip(trainable ? QString() : QString::fromStdString(trainable.error().message));
  } else {
    const auto& problems = m_document->problems();
    const QString count = problems.size() == 1 ? tr("1 error") : tr("%1 errors").arg(problems.size());
    m_verdict->setText(problems.front().layer >= 0 ? tr("%1, layer %2").arg(count).arg(problems.front().layer) : count);
    m_sentence->setText(QString::fromStdString(m_document->error()->error.message));
  }
  m_band->setVisible(!isValid);
  fit();
  refreshFixes();
}

const sharing::Generator* GeneratorBar::lit(int* number) const {
  return m_document->isValid() ? sharing::findGenerator(m_document->generator(), number) : nullptr;
}

void GeneratorBar::fillMenu() {
  std::string group = sharing::generators().front().group;
  for (const sharing::Generator& generator : sharing::generators()) {
    if (generator.group != group) m_menu->addSection(QString::fromStdString(group = generator.group));
    QAction* action = m_menu->addAction(QString::fromStdString(generator.title));
    action->setCheckable(true);
    action->setData(QString::fromStdString(generator.name));
    connect(action, &QAction::triggered, this, [this, &generator] {
      m_document->applyGenerator(generator.text(generator.usualNumber(m_document->design().model.layers)));
      refresh();
    });
  }
  m_menu->addSeparator();
  m_allowUpward = m_menu->addAction(tr("Allow upward reads"));
  m_allowUpward->setCheckable(true);
  m_allowUpward->setToolTip(
      tr("Layers may read K and V of later ones. Training and prefill then take several passes."));
  connect(m_allowUpward, &QAction::triggered, this, [this](bool isAllowed) {
    m_document->changeModel(isAllowed ? tr("allow upward reads") : tr("refuse upward reads"),
                            [=](config::ModelConfig& model) { model.allowUpward = isAllowed; });
  });
  m_menu->setToolTipsVisible(true);
}

void GeneratorBar::refreshMore() {
  int number = 0;
  const sharing::Generator* shown = lit(&number);
  const auto button = std::find(m_buttonGenerators.begin(), m_buttonGenerators.end(), shown);
  const bool isMore =
      shown && (button == m_buttonGenerators.end() || m_buttons[button - m_buttonGenerators.begin()]->isHidden());
  m_more->setText(isMore ? QString::fromStdString(shown->title) : tr("More"));
  m_more->setChecked(isMore);
  m_more->setToolTip(isMore ? QString::fromStdString(shown->description) : tr("The other published patterns"));
  const bool hasNumber = isMore && shown->takesNumber();
  m_moreNumber->setVisible(hasNumber);
  if (hasNumber) {
    m_moreNumber->show(number);
    m_moreNumber->setToolTip(QString::fromStdString(shown->number));
    m_moreNumber->setAccessibleName(QString::fromStdString(shown->number));
  }
  const bool mayReadUpward = m_document->design().model.allowUpward;
  m_allowUpward->setChecked(mayReadUpward);
  for (QAction* action : m_menu->actions()) {
    const sharing::Generator* generator = sharing::findGenerator(action->data().toString().toStdString());
    if (action->isSeparator() || !generator) continue;
    action->setChecked(generator == shown);
    const auto own = std::find(m_buttonGenerators.begin(), m_buttonGenerators.end(), generator);
    action->setVisible(own == m_buttonGenerators.end() || m_buttons[own - m_buttonGenerators.begin()]->isHidden());
    action->setEnabled(mayReadUpward || !generator->readsUpward);
    QString hint = QString::fromStdString(generator->description + " " + generator->source + ".");
    if (!action->isEnabled()) hint += tr(" It reads upward: turn on \"Allow upward reads\" first.");
    action->setToolTip(hint);
  }
}

void GeneratorBar::refreshFixes() {
  // Out of sight at once: one of them may be the sender, and keys may come faster than deletions.
  for (QPushButton* button : m_fixes) {
    m_bandLayout->removeWidget(button);
    button->hide();
    button->deleteLater();
  }
  m_fixes.clear();
  const auto& fixes = m_document->fixes();
  for (std::size_t i = 0; i < std::min(fixes.size(), kMostFixes); ++i) {
    QString label = fixes[i].label;
    if (label.size() > 32) label = label.left(31) + u'…';
    auto* button = new QPushButton(label, m_band);
    button->setToolTip(QString::fromStdString(fixes[i].text) + (i == 0 ? tr("  (Alt+Enter)") : QString()));
    if (i == 0) makePrimary(button);
    connect(button, &QPushButton::clicked, this, [this, i] { m_document->applyFix(i); });
    m_bandLayout->addWidget(button);
    m_fixes << button;
  }
}

}  // namespace weft::ui
