"""The shoppers: invented people whose every field is an unmistakable marker.

A mall gives them out exactly as the real one does. Tests then search what zaiko stored and logged
for `BUYER_MARKS`: a hit is a leak.
"""

from __future__ import annotations

from dataclasses import dataclass

# Every field of every buyer holds one of these.
BUYER_MARKS = ("ZZBUYER-", "zzbuyer-", "ZZSTREET-", "ZZCITY-", "ゼットカイテ", "0000-9", "999-0")


@dataclass(frozen=True, slots=True)
class Buyer:
    """One shopper, unique by number."""

    family_name: str
    first_name: str
    family_kana: str
    first_kana: str
    zip_parts: tuple[str, str]
    prefecture: str
    city: str
    street: str
    phone_parts: tuple[str, str, str]
    mail: str

    @property
    def name(self) -> str:
        """As the side door shows it."""
        return f"{self.family_name} {self.first_name}"

    @property
    def zip_code(self) -> str:
        """With its dash."""
        return "-".join(self.zip_parts)

    @property
    def phone(self) -> str:
        """With its dashes."""
        return "-".join(self.phone_parts)

    def card(self) -> dict[str, str]:
        """Return what `GET /_sandbox/state` shows of the buyer."""
        return {
            "name": self.name,
            "kana": f"{self.family_kana} {self.first_kana}",
            "zip": self.zip_code,
            "prefecture": self.prefecture,
            "city": self.city,
            "street": self.street,
            "phone": self.phone,
            "mail": self.mail,
        }


def buyer(number: int) -> Buyer:
    """Return the shopper with this number; the same number is always the same person."""
    high, low = divmod(number, 10_000)
    return Buyer(
        family_name=f"ZZBUYER-{number:06d}",
        first_name="Taro",
        family_kana=f"ゼットカイテ{number:06d}",
        first_kana="タロウ",
        zip_parts=("999", f"0{number % 1000:03d}"),
        prefecture="東京都",
        city=f"ZZCITY-{number:06d}",
        street=f"ZZSTREET-{number:06d} 1-2-3",
        phone_parts=("0000", f"{9000 + high % 1000:04d}", f"{low:04d}"),
        mail=f"zzbuyer-{number:06d}@buyer.invalid",
    )
