#include "ui/parts/theme.h"

#include <QFontDatabase>
#include <QStringList>

// Q_INIT_RESOURCE must stand outside every namespace; a static library's resources are dropped without it.
static void loadResources() { Q_INIT_RESOURCE(weft); }

namespace weft::ui {
namespace {

const Theme* g_current = nullptr;
FontChoice g_fonts;

int marker(Marker value) { return static_cast<int>(value); }

Theme makeLight() {
  Theme t;
  t.dark = false;
  t.panel = "#FFFFFF";
  t.window = "#F4F5F7";
  t.header = "#F8F9FA";
  t.sunken = "#ECEEF1";
  t.hover = "#EEF3F8";
  t.selection = "#DCEAF7";
  t.hairline = "#DDE1E6";
  t.strongLine = "#B9C0C9";
  t.grid = "#E9ECEF";
  t.track = "#E3E7EB";
  t.controlEdge = "#8D96A2";
  t.ghost = "#8D96A2";
  t.text = "#1A1E24";
  t.text2 = "#4A525D";
  t.text3 = "#5C6570";
  t.accent = "#0B5FA5";
  t.onAccent = "#FFFFFF";
  t.good = "#16703A";
  t.goodFill = "#E6F3EA";
  t.warning = "#8A5200";
  t.warningFill = "#FCF1DD";
  t.error = "#B3261E";
  t.errorFill = "#FBE9E7";
  t.axis = "#7A838F";
  t.heads = "#8C96A3";
  t.groupOfOne = "#6B7683";
  t.series = {{
      {"blue", "#0072B2", "#0072B2", "#0069A3", {}, marker(Marker::Circle)},
      {"vermillion", "#D55E00", "#C85800", "#BD5200", {6, 2}, marker(Marker::TriangleUp)},
      {"green", "#009E73", "#00865F", "#008059", {2, 2}, marker(Marker::Square)},
      {"purple", "#CC79A7", "#B85D91", "#AB4F84", {8, 2, 2, 2}, marker(Marker::Pentagon)},
      {"orange", "#E69F00", "#B07400", "#9C6600", {6, 2}, marker(Marker::Diamond)},
      {"sky", "#56B4E9", "#3494CE", "#1A78AD", {2, 2}, marker(Marker::TriangleDown)},
      {"yellow", "#F0E442", "#948800", "#7F7500", {8, 2, 2, 2}, marker(Marker::Star)},
      {"black", "#1A1E24", "#1A1E24", "#1A1E24", {}, marker(Marker::Square)},
  }};
  return t;
}

Theme makeDark() {
  Theme t;
  t.dark = true;
  t.panel = "#22262C";
  t.window = "#1B1E23";
  t.header = "#262A31";
  t.sunken = "#16191D";
  t.hover = "#2A313A";
  t.selection = "#223C55";
  t.hairline = "#343A43";
  t.strongLine = "#4C5560";
  t.grid = "#2D333B";
  t.track = "#353B44";
  t.controlEdge = "#6E7885";
  t.ghost = "#737D8A";
  t.text = "#E6E9ED";
  t.text2 = "#B7BEC8";
  t.text3 = "#A0A9B4";
  t.accent = "#62B0EC";
  t.onAccent = "#0E1620";
  t.good = "#5CC78A";
  t.goodFill = "#1E3327";
  t.warning = "#E9B257";
  t.warningFill = "#3A2E18";
  t.error = "#FF8A80";
  t.errorFill = "#43221F";
  t.axis = "#8A939F";
  t.heads = "#7D8794";
  t.groupOfOne = "#939DA9";
  t.series = {{
      {"blue", "#3D94D1", "#4FA3DE", "#4FA3DE", {}, marker(Marker::Circle)},
      {"vermillion", "#E8762C", "#EE8644", "#EE8644", {6, 2}, marker(Marker::TriangleUp)},
      {"green", "#1FB389", "#33C198", "#33C198", {2, 2}, marker(Marker::Square)},
      {"purple", "#D68FB8", "#DD9DC3", "#DD9DC3", {8, 2, 2, 2}, marker(Marker::Pentagon)},
      {"orange", "#EBAE2E", "#EDB748", "#EDB748", {6, 2}, marker(Marker::Diamond)},
      {"sky", "#86CBF2", "#93D2F6", "#93D2F6", {2, 2}, marker(Marker::TriangleDown)},
      {"yellow", "#EDE25A", "#EDE25A", "#EDE25A", {8, 2, 2, 2}, marker(Marker::Star)},
      {"white", "#E6E9ED", "#E6E9ED", "#E6E9ED", {}, marker(Marker::Square)},
  }};
  return t;
}

struct Families {
  QStringList body, fixed;
};

const Families& bundledFamilies() {
  static const Families families = [] {
    loadResources();
    const auto load = [](std::initializer_list<const char*> files) {
      QStringList names;
      for (const char* file : files)
        for (const QString& name : QFontDatabase::applicationFontFamilies(
                 QFontDatabase::addApplicationFont(QStringLiteral(":/fonts/") + file)))
          if (!names.contains(name)) names << name;
      return names;
    };
    return Families{load({"WeftSans-Regular.ttf", "WeftSans-Medium.ttf", "WeftSans-SemiBold.ttf"}),
                    load({"WeftMono-Regular.ttf"})};
  }();
  return families;
}

QFont font(int size_px, QFont::Weight weight) {
  const QFont system = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
  QFont result = system;
  if (!g_fonts.systemFonts) result.setFamilies(bundledFamilies().body + system.families());
  result.setPixelSize(size_px + g_fonts.adjustment_px);
  result.setWeight(weight);
  // Whole-pixel advances would space 13-px text out visibly; the fonts carry no hints anyway.
  result.setHintingPreference(QFont::PreferNoHinting);
  return result;
}

}  // namespace

const Theme& Theme::light() {
  static const Theme theme = makeLight();
  return theme;
}

const Theme& Theme::dark_() {
  static const Theme theme = makeDark();
  return theme;
}

const Theme& Theme::current() { return g_current ? *g_current : light(); }

void Theme::setCurrent(const Theme& theme) { g_current = theme.dark ? &dark_() : &light(); }

QPalette Theme::palette() const {
  QPalette p;
  p.setColor(QPalette::Window, window);
  p.setColor(QPalette::WindowText, text);
  p.setColor(QPalette::Base, panel);
  p.setColor(QPalette::AlternateBase, header);
  p.setColor(QPalette::Text, text);
  p.setColor(QPalette::PlaceholderText, text3);
  p.setColor(QPalette::Button, panel);
  p.setColor(QPalette::ButtonText, text);
  p.setColor(QPalette::BrightText, error);
  p.setColor(QPalette::Highlight, selection);
  p.setColor(QPalette::HighlightedText, text);
  p.setColor(QPalette::Link, accent);
  p.setColor(QPalette::LinkVisited, accent);
  p.setColor(QPalette::ToolTipBase, panel);
  p.setColor(QPalette::ToolTipText, text);
  p.setColor(QPalette::Light, panel);
  p.setColor(QPalette::Midlight, hairline);
  p.setColor(QPalette::Mid, strongLine);
  p.setColor(QPalette::Dark, controlEdge);
  p.setColor(QPalette::Shadow, strongLine);
  // Disabled text is decoration by the contrast rules, but it must still be read: text 3 at two thirds.
  const auto mix = [](const QColor& a, const QColor& b, double share) {
    return QColor::fromRgbF(static_cast<float>(a.redF() * share + b.redF() * (1 - share)),
                            static_cast<float>(a.greenF() * share + b.greenF() * (1 - share)),
                            static_cast<float>(a.blueF() * share + b.blueF() * (1 - share)));
  };
  const QColor disabled = mix(text3, panel, 0.66);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
    p.setColor(QPalette::Disabled, role, disabled);
  p.setColor(QPalette::Disabled, QPalette::Highlight, track);
  return p;
}

QFont bodyFont() { return font(13, QFont::Normal); }
QFont captionFont() { return font(11, QFont::Normal); }
QFont sectionFont() { return font(13, QFont::DemiBold); }
QFont titleFont() { return font(16, QFont::DemiBold); }

QFont fixedFont() {
  const QFont system = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  QFont result = system;
  if (!g_fonts.systemFonts) result.setFamilies(bundledFamilies().fixed + system.families());
  result.setStyleHint(QFont::Monospace);
  result.setPixelSize(12 + g_fonts.adjustment_px);
  return result;
}

FontChoice fontChoice() { return g_fonts; }

void setFontChoice(const FontChoice& choice) {
  g_fonts = choice;
  g_fonts.adjustment_px = qBound(-2, choice.adjustment_px, 6);
}

}  // namespace weft::ui
