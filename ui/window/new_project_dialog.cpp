#include "ui/window/new_project_dialog.h"

#include <QAccessible>
#include <QCheckBox>
#include <QDir>
#include <QGridLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <utility>

#include "engine/base/text.h"
#include "ui/models/qt_text.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/frames.h"
#include "ui/parts/icons.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kWidth = 600, kLabel = 128;
constexpr QChar kBreak(0x200B);  // zero width: a label breaks its line there

// Long paths and names must not widen the card: they may break after each slash, and within a name after 40 characters.
QString breakable(const QString& sentence) {
  QString result;
  int run = 0;
  for (const QChar c : sentence) {
    result += c;
    run = c.isSpace() ? 0 : run + 1;
    if (c == u'/' || run == 40) {
      result += kBreak;
      run = 0;
    }
  }
  return result;
}

TextLabel* wrapped(Type type, Tone tone) {
  auto* label = new TextLabel({}, type, tone);
  label->setWordWrap(true);
  label->setMinimumWidth(1);
  return label;
}

}  // namespace

NewProjectDialog::NewProjectDialog(const QString& usualParent, QWidget* window)
    : Sheet(QStringLiteral("New project"), kWidth, window), m_usualParent(QDir::cleanPath(usualParent)) {
  buildFields();
  buildFoot();
  m_name->setText(QStringLiteral("project"));
  m_name->selectAll();
  m_parent->setText(m_usualParent);
  connect(m_name, &QLineEdit::textEdited, this, [this] { m_isNameOurs = false; });
  connect(m_name, &QLineEdit::textChanged, this, &NewProjectDialog::edited);
  connect(m_parent, &QLineEdit::textChanged, this, &NewProjectDialog::edited);
  edited();
}

void NewProjectDialog::buildFields() {
  auto* fields = new QWidget;
  auto* grid = new QGridLayout(fields);
  grid->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::panelMargin);
  grid->setHorizontalSpacing(metrics::gap);
  grid->setVerticalSpacing(4);
  grid->setColumnMinimumWidth(0, kLabel - metrics::gap);
  m_name = new QLineEdit;
  m_name->setAccessibleName(QStringLiteral("Name"));
  m_parent = new QLineEdit;
  m_parent->setAccessibleName(QStringLiteral("Parent folder"));
  m_browse = new QPushButton(QStringLiteral("Browse..."));
  connect(m_browse, &QPushButton::clicked, this, &NewProjectDialog::browse);
  m_space = new TextLabel({}, Type::Caption, Tone::Good);
  grid->addWidget(new TextLabel(QStringLiteral("Name")), 0, 0);
  grid->addWidget(m_name, 0, 1, 1, 2);
  grid->addWidget(new TextLabel(QStringLiteral("the folder gets this name"), Type::Caption, Tone::Text3), 1, 1, 1, 2);
  grid->setRowMinimumHeight(2, 4);
  grid->addWidget(new TextLabel(QStringLiteral("Parent folder")), 3, 0);
  grid->addWidget(m_parent, 3, 1);
  grid->addWidget(m_browse, 3, 2);
  grid->addWidget(m_space, 4, 1, 1, 2);
  body()->addWidget(fields);

  m_refusal = new ErrorBand(ErrorBand::Sign::FirstLine);
  auto* rows = new QVBoxLayout(m_refusal);
  rows->setContentsMargins(metrics::pageMargin + 24, 12, metrics::pageMargin, 12);
  m_refusalText = wrapped(Type::Body, Tone::Text);
  m_waysOut = new QHBoxLayout;
  m_waysOut->setSpacing(metrics::gap);
  m_waysOut->setContentsMargins(0, 0, 0, 0);
  rows->addWidget(m_refusalText);
  rows->addLayout(m_waysOut);
  body()->addWidget(m_refusal);

  m_plan = new Surface(Surface::Fill::Panel, Qt::TopEdge);
  auto* plan = new QVBoxLayout(m_plan);
  plan->setContentsMargins(metrics::pageMargin, metrics::panelMargin, metrics::pageMargin, metrics::panelMargin);
  m_planTitle = new TextLabel(QStringLiteral("What will be made"), Type::Section);
  m_planText = wrapped(Type::Body, Tone::Text);
  m_opensDesign = new QCheckBox(QStringLiteral("Open Design afterwards"));
  m_opensDesign->setChecked(true);
  plan->addWidget(m_planTitle);
  plan->addWidget(m_planText);
  plan->addSpacing(metrics::gap);
  plan->addWidget(m_opensDesign);
  body()->addWidget(m_plan);
}

void NewProjectDialog::buildFoot() {
  auto* foot = new Surface(Surface::Fill::Header, Qt::TopEdge);
  auto* row = new QHBoxLayout(foot);
  row->setContentsMargins(metrics::panelMargin, 12, metrics::panelMargin, 12);
  row->setSpacing(metrics::gap);
  m_hint = new TextLabel({}, Type::Caption, Tone::Text3);
  auto* cancel = new QPushButton(QStringLiteral("Cancel"));
  m_button = new QPushButton(QStringLiteral("Create project"));
  makePrimary(m_button);
  row->addWidget(m_hint);
  row->addStretch(1);
  row->addWidget(cancel);
  row->addWidget(m_button);
  body()->addWidget(foot);
  connect(cancel, &QPushButton::clicked, this, &Sheet::dismiss);
  connect(m_button, &QPushButton::clicked, this, &NewProjectDialog::accept);
}

// As it is written, with the home folder for ~ and without blanks that a paste brought.
QString NewProjectDialog::parentFolder() const {
  QString text = m_parent->text().trimmed();
  if (text == QStringLiteral("~") || text.startsWith(QStringLiteral("~/"))) text.replace(0, 1, QDir::homePath());
  return text.isEmpty() ? text : QDir::cleanPath(text);
}

QString NewProjectDialog::statement() const {
  QString text = m_state == State::Refused ? m_refusalText->text() : m_planText->text();
  return text.remove(kBreak);
}

void NewProjectDialog::edited() {
  ++m_generation;
  m_wantsToAccept = false;
  // The name alone is judged at once.
  if (const auto good = store::checkProjectName(name().toStdString()); !good)
    return refuse(toQt(good.error().message), m_name);
  m_state = State::Looking;
  look();
}

void NewProjectDialog::look() {
  if (m_isLooking) return;
  m_isLooking = true;
  lookAtPlace(parentFolder(), name(), this, [this, generation = m_generation](const PlaceLook& found) {
    m_isLooking = false;
    if (m_state == State::Making) return;
    if (generation == m_generation)
      judge(found);
    else if (m_state == State::Looking)
      look();
  });
}

void NewProjectDialog::judge(const PlaceLook& look) {
  const bool wantsToAccept = std::exchange(m_wantsToAccept, false);
  const auto take = [this](const QString& parent, const QString& name) {
    m_isNameOurs = false;
    m_parent->setText(parent);
    m_name->setText(name);
    m_name->setFocus();
    m_name->selectAll();
  };
  if (!look.place) {
    const QString sentence = toQt(look.place.error().message);
    return refuse(sentence, sentence.startsWith(parentFolder() + u'/' + name()) ? m_name : m_parent);
  }
  const store::ProjectPlace& place = *look.place;
  using Kind = store::ProjectPlace::Kind;
  if (m_isNameOurs && (place.kind != Kind::Free || place.toMake.empty())) {
    // Our proposal is taken: propose the next one, unseen.
    m_name->setText(look.freeName);
    m_name->selectAll();
    m_wantsToAccept = wantsToAccept;
    return;
  }
  m_folder = toQt(place.folder);
  m_space->setText(
      place.freeBytes == 0
          ? QStringLiteral("can be written to")
          : QStringLiteral("can be written to, %1 free").arg(toQt(formatBytes(static_cast<double>(place.freeBytes)))));
  if (place.kind == Kind::Project) {
    setState(State::Exists, QStringLiteral("%1 is a Weft project already: it is opened as it is.").arg(m_folder));
  } else if (place.kind == Kind::OtherFiles) {
    QStringList examples;
    for (const std::string& example : place.examples) examples << toQt(example);
    const bool isMany = place.others >= store::ProjectPlace::kManyFiles;
    const QString count = place.others == 1 ? QStringLiteral("another file")
                                            : QStringLiteral("%1%2 other files")
                                                  .arg(isMany ? QStringLiteral("at least ") : QString())
                                                  .arg(place.others);
    return refuse(QStringLiteral("%1 exists and holds %2, such as %3. Weft leaves them alone.")
                      .arg(m_folder, count, examples.join(QStringLiteral(" and "))),
                  m_name,
                  {{QStringLiteral("Use %1/%2").arg(name(), look.freeInside),
                    [take, folder = m_folder, inside = look.freeInside] { take(folder, inside); }},
                   {QStringLiteral("Call it %1").arg(look.freeName),
                    [this, take, free = look.freeName] { take(m_parent->text(), free); }}});
  } else if (place.toMake.size() > 1 && parentFolder() != m_usualParent && parentFolder() != m_agreedParent) {
    return refuse(QStringLiteral("There is no folder %1.").arg(toQt(place.toMake[place.toMake.size() - 2])), m_parent,
                  {{QStringLiteral("Make it, too"), [this] {
                      m_agreedParent = parentFolder();
                      m_name->setFocus();
                      edited();
                    }}});
  } else {
    const QString what = QStringLiteral("an empty store, weft.db, and the folder runs. Nothing outside it is touched.");
    setState(State::Ready, place.toMake.empty() ? QStringLiteral("The empty folder %1 gets %2").arg(m_folder, what)
                           : place.toMake.size() == 1
                               ? QStringLiteral("A new folder %1 with %2").arg(m_folder, what)
                               : QStringLiteral("A new folder %1 (%2 is made, too) with %3")
                                     .arg(m_folder, toQt(place.toMake[place.toMake.size() - 2]), what));
  }
  if (wantsToAccept) accept();
}

void NewProjectDialog::setState(State state, const QString& statement) {
  m_state = state;
  const bool exists = state == State::Exists;
  m_refusal->hide();
  m_plan->show();
  m_space->show();
  m_planTitle->setVisible(!exists);
  m_planText->setText(breakable(statement));
  m_opensDesign->setVisible(!exists);
  m_hint->setText(exists ? QStringLiteral("Enter opens it; nothing is made, nothing is changed")
                         : QStringLiteral("Enter creates it, Esc closes"));
  m_button->setText(exists ? QStringLiteral("Open project") : QStringLiteral("Create project"));
  m_button->setEnabled(state != State::Making);
  setWrong(m_name, false);
  setWrong(m_parent, false);
  setAccessibleDescription(statement);
  fitCard();
}

void NewProjectDialog::refuse(const QString& sentence, QLineEdit* at, const std::vector<WayOut>& waysOut) {
  m_state = State::Refused;
  while (QLayoutItem* item = m_waysOut->takeAt(0)) {
    if (item->widget()) {
      item->widget()->hide();
      item->widget()->deleteLater();
    }
    delete item;
  }
  QWidget* before = m_browse;  // in the order of Tab
  for (const WayOut& way : waysOut) {
    auto* button = new QPushButton(fontMetrics().elidedText(way.text, Qt::ElideMiddle, 230));
    button->setAccessibleName(way.text);
    connect(button, &QPushButton::clicked, this, way.take);
    m_waysOut->addWidget(button);
    setTabOrder(before, button);
    before = button;
  }
  m_waysOut->addStretch(1);
  m_refusalText->setText(breakable(sentence));
  m_refusal->show();
  m_plan->hide();
  m_space->setVisible(at == m_name && !m_space->text().isEmpty());
  m_hint->setText(waysOut.empty() ? QStringLiteral("Esc closes")
                                  : QStringLiteral("Alt+Enter takes the first way out, Esc closes"));
  m_button->setText(QStringLiteral("Create project"));
  m_button->setEnabled(false);
  setWrong(m_name, at == m_name);
  setWrong(m_parent, at == m_parent);
  setAccessibleDescription(sentence);
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
  fitCard();
}

void NewProjectDialog::accept() {
  if (m_state == State::Looking) m_wantsToAccept = true;
  if (m_state == State::Exists) return finish(m_folder);
  if (m_state == State::Ready) make();
}

void NewProjectDialog::make() {
  m_state = State::Making;
  m_button->setEnabled(false);
  m_name->setReadOnly(true);
  m_parent->setReadOnly(true);
  createProject(parentFolder(), name(), this, [this](const Result<store::Project>& project) {
    m_name->setReadOnly(false);
    m_parent->setReadOnly(false);
    if (project) return finish(toQt(project->folder()));
    refuse(toQt(project.error().message), m_parent);
  });
}

void NewProjectDialog::finish(const QString& folder) {
  Q_EMIT chosen(folder, m_state != State::Exists && m_opensDesign->isChecked());
  dismiss();
}

void NewProjectDialog::keyPressEvent(QKeyEvent* event) {
  if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && event->modifiers() & Qt::AltModifier) {
    auto* first = m_state == State::Refused && m_waysOut->count() > 0
                      ? qobject_cast<QPushButton*>(m_waysOut->itemAt(0)->widget())
                      : nullptr;
    if (first) first->click();
    return event->accept();
  }
  Sheet::keyPressEvent(event);
}

void NewProjectDialog::browse() {
  askFolder(this, {.title = QStringLiteral("Parent folder of the new project"), .folder = parentFolder()},
            [this](const QString& folder) { m_parent->setText(folder); });
}

}  // namespace weft::ui
