"""Options of statements of reasons and appeals."""

from __future__ import annotations

from pydantic import Field

from upload_guard.sections import Section

GROUND_EN = (
    "the law forbids this content: depictions of sexual abuse of children (in the European Union "
    "Directive 2011/93/EU and the criminal law of each member state)."
)
GROUND_NL = (
    "de wet verbiedt deze inhoud: afbeeldingen van seksueel misbruik van kinderen (in de Europese Unie "
    "Richtlijn 2011/93/EU en het strafrecht van elke lidstaat, in Nederland artikel 252 Wetboek van "
    "Strafrecht)."
)
FURTHER_EN = (
    "You can also turn to a court, or to an out-of-court dispute settlement body that is certified under "
    "Article 21 of the same regulation."
)
FURTHER_NL = (
    "U kunt ook naar de rechter gaan, of naar een orgaan voor buitengerechtelijke geschillenbeslechting dat "
    "is gecertificeerd volgens artikel 21 van dezelfde verordening."
)


class StatementSettings(Section):
    """What uploaders are told of decisions, and how they can appeal.

    `after_hours` from the decision on; `appeal_days` from when it is told. `service` is what the site is
    called there, its name here if empty.
    """

    enabled: bool = False
    appeals: bool = True
    letters: bool = False
    after_hours: float = Field(default=1.0, ge=0, le=24 * 30, allow_inf_nan=False)
    appeal_days: int = Field(default=183, ge=1, le=3660)
    service: str = Field(default="", max_length=200)
    ground_en: str = Field(default=GROUND_EN, min_length=1, max_length=2000)
    ground_nl: str = Field(default=GROUND_NL, min_length=1, max_length=2000)
    further_en: str = Field(default=FURTHER_EN, max_length=2000)
    further_nl: str = Field(default=FURTHER_NL, max_length=2000)
