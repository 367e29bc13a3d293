#include "ui/window/start_page.h"

#include <QAbstractButton>
#include <QFileInfo>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

// A choice as a card: icon, name, one sentence. The first one is primary.
class ChoiceButton : public QAbstractButton {
 public:
  ChoiceButton(const QString& iconName, const QString& name, const QString& sentence)
      : m_icon(iconName), m_sentence(sentence) {
    setText(name);
    setAccessibleName(name);
    setAccessibleDescription(sentence);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setCursor(Qt::PointingHandCursor);
  }
  QSize sizeHint() const override { return {220, 148}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(isDown() ? theme.sunken : underMouse() ? theme.hover : theme.panel);
    painter.setPen(QPen(hasFocus() ? theme.accent : theme.controlEdge, hasFocus() ? 2 : 1));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    paintIcon(painter, QRectF(20, 20, 24, 24), m_icon, theme.accent);
    painter.setFont(sectionFont());
    painter.setPen(theme.text);
    painter.drawText(QRect(20, 54, width() - 40, 22), Qt::AlignVCenter | Qt::AlignLeft, text());
    painter.setFont(bodyFont());
    painter.setPen(theme.text2);
    painter.drawText(QRect(20, 78, width() - 36, height() - 84), Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap,
                     m_sentence);
  }
  void keyPressEvent(QKeyEvent* event) override {
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return click();
    QAbstractButton::keyPressEvent(event);
  }

 private:
  QString m_icon, m_sentence;
};

// One recent project: name, folder.
class RecentButton : public QAbstractButton {
 public:
  explicit RecentButton(const QString& folder) {
    setText(QFileInfo(folder).fileName());
    m_folder = QFileInfo(folder).path();
    setAccessibleName(QStringLiteral("Open %1 in %2").arg(text(), m_folder));
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setCursor(Qt::PointingHandCursor);
    setToolTip(folder);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  }
  QSize sizeHint() const override { return {660, qMax(30, QFontMetrics(bodyFont()).height() + 12)}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    if (underMouse() || hasFocus()) painter.fillRect(rect(), theme.hover);
    if (hasFocus()) painter.fillRect(QRect(0, 0, 2, height()), theme.accent);
    paintIcon(painter, QRectF(8, (height() - 16) / 2.0, 16, 16), QStringLiteral("folder"), theme.text2);
    QFont strong = bodyFont();
    strong.setWeight(QFont::Medium);
    painter.setFont(strong);
    painter.setPen(theme.text);
    painter.drawText(QRect(34, 0, 240, height()), Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(text(), Qt::ElideRight, 236));
    painter.setFont(bodyFont());
    painter.setPen(theme.text3);
    painter.drawText(QRect(280, 0, width() - 288, height()), Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(m_folder, Qt::ElideLeft, width() - 288));
  }

 private:
  QString m_folder;
};

}  // namespace

StartPage::StartPage(QWidget* parent) : QWidget(parent) {
  setAccessibleName(QStringLiteral("Start"));
  auto* outer = new QVBoxLayout(this);
  outer->addStretch(2);
  auto* middle = new QHBoxLayout;
  outer->addLayout(middle);
  outer->addStretch(3);
  middle->addStretch(1);
  auto* column = new QVBoxLayout;
  middle->addLayout(column);
  middle->addStretch(1);
  column->setSpacing(8);

  QFont large = titleFont();
  large.setPixelSize(large.pixelSize() + 8);
  auto* title = new QLabel(QStringLiteral("Weft"));
  title->setFont(large);
  column->addWidget(title);
  column->addWidget(new TextLabel(
      QStringLiteral("Draw which layer reads whose keys and values, train it, and see what the saved memory costs."),
      Type::Body, Tone::Text2));
  column->addSpacing(16);
  auto* choices = new QHBoxLayout;
  choices->setSpacing(12);
  const auto choice = [&](const QString& iconName, const QString& name, const QString& sentence, auto signal) {
    auto* button = new ChoiceButton(iconName, name, sentence);
    connect(button, &QAbstractButton::clicked, this, signal);
    choices->addWidget(button);
  };
  choice(QStringLiteral("plus"), QStringLiteral("New project"),
         QStringLiteral("An empty folder for runs, figures and the store."), &StartPage::newRequested);
  choice(QStringLiteral("folder"), QStringLiteral("Open project"), QStringLiteral("A folder that holds a weft.db."),
         &StartPage::openRequested);
  choice(QStringLiteral("book"), QStringLiteral("Open the example"),
         QStringLiteral("Trains four small models on LibTorch's own headers, about a minute on this machine."),
         &StartPage::exampleRequested);
  column->addLayout(choices);
  column->addSpacing(20);
  m_recentBox = new QWidget;
  m_recent = new QVBoxLayout(m_recentBox);
  m_recent->setContentsMargins(0, 0, 0, 0);
  m_recent->setSpacing(0);
  column->addWidget(m_recentBox);
  column->addSpacing(8);
  column->addWidget(new TextLabel(QStringLiteral("Design works without a project: its costs are computed as you draw."),
                                  Type::Caption, Tone::Text3));
}

void StartPage::setRecent(const QStringList& folders) {
  while (QLayoutItem* item = m_recent->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  m_recentBox->setVisible(!folders.isEmpty());
  if (folders.isEmpty()) return;
  m_recent->addWidget(new TextLabel(QStringLiteral("Recent projects"), Type::Section));
  m_recent->addSpacing(4);
  for (const QString& folder : folders.mid(0, 6)) {
    auto* button = new RecentButton(folder);
    connect(button, &QAbstractButton::clicked, this, [this, folder] { Q_EMIT recentChosen(folder); });
    m_recent->addWidget(button);
  }
}

void StartPage::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), Theme::current().panel);
}

}  // namespace weft::ui
