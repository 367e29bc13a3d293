// ui/parts/widgets.h -- the small parts that every page shares: labels in the theme's tones, the page header, key
// hints, surfaces, lines.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QStringList>

#include "ui/parts/theme.h"

class QHBoxLayout;

namespace weft::ui {

enum class Tone { Text, Text2, Text3, Accent, Good, Warning, Error };
enum class Type { Body, Caption, Section, Title, Fixed, Strong };
QColor toneColor(Tone tone, const Theme& theme);
QFont typeFont(Type type);

// A label whose colour and font follow the theme. A label that elides keeps the whole text as tooltip.
class TextLabel : public QLabel {
  Q_OBJECT
 public:
  explicit TextLabel(const QString& text = {}, Type type = Type::Body, Tone tone = Tone::Text,
                     QWidget* parent = nullptr);
  void setTone(Tone tone);
  void setElided(bool elided);

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  QSize minimumSizeHint() const override;

 private:
  void apply();
  Type m_type;
  Tone m_tone;
  bool m_elided = false;
};

// A plain surface: panel (Base) or window colour, with hairlines on the named edges.
class Surface : public QWidget {
  Q_OBJECT
 public:
  enum class Fill { Panel, Window, Header };
  explicit Surface(Fill fill, Qt::Edges lines = {}, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Fill m_fill;
  Qt::Edges m_lines;
};

// 48 px: the page's name or the thing shown, its state, and at the right at most a few actions.
class PageHeader : public Surface {
  Q_OBJECT
 public:
  explicit PageHeader(const QString& title, QWidget* parent = nullptr);
  void setTitle(const QString& title);
  void setSubtitle(const QString& subtitle);
  void addWidget(QWidget* widget);  // from left to right, at the right end

 private:
  TextLabel* m_title;
  TextLabel* m_subtitle;
  QHBoxLayout* m_layout;
};

// Keys as caps with what they do: {"Space", "preview", "Enter", "open"}.
class KeyHints : public QWidget {
  Q_OBJECT
 public:
  explicit KeyHints(const QStringList& keysAndMeanings, QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {0, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QStringList m_parts;
};

// One cap; returns its width.
qreal paintKeyCap(QPainter& painter, QPointF leftCenter, const QString& key, const Theme& theme);

}  // namespace weft::ui
