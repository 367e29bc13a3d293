#include "ui/window/settings_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/models/project_session.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/widgets.h"
#include "ui/window/app_settings.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

QFormLayout* section(QVBoxLayout* column, const QString& title) {
  column->addWidget(new TextLabel(title, Type::Section));
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(24);
  form->setVerticalSpacing(10);
  form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  form->setFieldGrowthPolicy(QFormLayout::FieldsStayAtSizeHint);
  column->addLayout(form);
  column->addSpacing(20);
  return form;
}

TextLabel* label(const QString& text) {
  auto* made = new TextLabel(text, Type::Body, Tone::Text2);
  made->setMinimumWidth(150);
  made->setMinimumHeight(metrics::control);
  return made;
}

}  // namespace

SettingsPage::SettingsPage(ThemeController& theme, QWidget* parent) : Page(parent), m_controller(theme) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(new PageHeader(pages::kSettings.name()));
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  auto* surface = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(surface);
  column->setContentsMargins(metrics::pageMargin, metrics::pageMargin, metrics::pageMargin, metrics::pageMargin);

  QFormLayout* look = section(column, QStringLiteral("Appearance"));
  m_theme = new QComboBox;
  m_theme->addItems({QStringLiteral("As the system"), QStringLiteral("Light"), QStringLiteral("Dark")});
  m_theme->setAccessibleName(QStringLiteral("Theme"));
  m_theme->setCurrentIndex(static_cast<int>(settings::theme()));
  connect(m_theme, qOverload<int>(&QComboBox::currentIndexChanged), this, [this](int index) {
    settings::setTheme(static_cast<ThemeChoice>(index));
    m_controller.setChoice(static_cast<ThemeChoice>(index));
  });
  look->addRow(label(QStringLiteral("Theme")), m_theme);
  auto* size = new QSpinBox;
  size->setRange(11, 19);
  size->setSuffix(QStringLiteral(" px"));
  size->setValue(13 + settings::fonts().adjustment_px);
  size->setAccessibleName(QStringLiteral("Text size"));
  look->addRow(label(QStringLiteral("Text size")), size);
  auto* systemFonts = new QCheckBox(QStringLiteral("Use the system's fonts"));
  systemFonts->setChecked(settings::fonts().systemFonts);
  systemFonts->setToolTip(
      QStringLiteral("Digits of the system's font may differ in width: columns of numbers then no longer line up."));
  look->addRow(label(QStringLiteral("Fonts")), systemFonts);
  const auto changeFonts = [this, size, systemFonts] {
    const FontChoice fonts{.adjustment_px = size->value() - 13, .systemFonts = systemFonts->isChecked()};
    settings::setFonts(fonts);
    m_controller.setFonts(fonts);
  };
  connect(size, qOverload<int>(&QSpinBox::valueChanged), this, changeFonts);
  connect(systemFonts, &QCheckBox::toggled, this, changeFonts);

  QFormLayout* engine = section(column, QStringLiteral("Engine"));
  auto* starts = new QCheckBox(QStringLiteral("Start it with a project that has runs in its queue"));
  starts->setChecked(settings::startsEngine());
  connect(starts, &QCheckBox::toggled, this, &settings::setStartsEngine);
  engine->addRow(label(QStringLiteral("Start")), starts);
  auto* note = new TextLabel(QStringLiteral("The engine runs beside the window: closing the window never stops a run."),
                             Type::Caption, Tone::Text3);
  engine->addRow(label({}), note);

  QFormLayout* paths = section(column, QStringLiteral("Folders"));
  auto* folder = new QLineEdit(settings::projectsFolder());
  folder->setMinimumWidth(420);
  folder->setAccessibleName(QStringLiteral("Folder of new projects"));
  connect(folder, &QLineEdit::editingFinished, this, [folder] { settings::setProjectsFolder(folder->text()); });
  auto* choose = new QPushButton(QStringLiteral("Choose..."));
  connect(choose, &QPushButton::clicked, this, [this, folder] {
    askFolder(this, {.title = QStringLiteral("Folder of new projects"), .folder = folder->text()},
              [folder](const QString& chosen) {
                folder->setText(chosen);
                settings::setProjectsFolder(chosen);
              });
  });
  auto* row = new QWidget;
  auto* rowLayout = new QHBoxLayout(row);
  rowLayout->setContentsMargins(0, 0, 0, 0);
  rowLayout->addWidget(folder);
  rowLayout->addWidget(choose);
  paths->addRow(label(QStringLiteral("New projects")), row);
  m_project = new TextLabel({}, Type::Fixed);
  m_project->setTextInteractionFlags(Qt::TextSelectableByMouse);
  paths->addRow(label(QStringLiteral("This project")), m_project);
  auto* file = new TextLabel(settings::file(), Type::Fixed);
  file->setTextInteractionFlags(Qt::TextSelectableByMouse);
  paths->addRow(label(QStringLiteral("These settings")), file);
  column->addStretch(1);
  scroll->setWidget(surface);
  layout->addWidget(scroll, 1);
  setSession(nullptr);
}

void SettingsPage::setSession(ProjectSession* session) {
  m_project->setText(session ? QString::fromStdString(session->project().folder().string())
                             : QStringLiteral("none is open"));
}

}  // namespace weft::ui
