"""The invented people: surnames are made up, so that nobody real is meant."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLASH", "PEOPLE", "PersonName"]


class PersonName(NamedTuple):
    """A display name, its ASCII form for addresses, a second spelling used in git (or ""), minutes east of UTC."""

    name: str
    ascii: str
    second: str
    offset: int


CLASH = PersonName("Mira Valdenholt", "mira.valdenholt", "", 60)
"""The display name that two different people of the department share."""

PEOPLE: tuple[PersonName, ...] = (
    PersonName("Adaeze Brightmoor", "adaeze.brightmoor", "", 60),
    PersonName("Søren Fyrskov-Lund", "soren.fyrskovlund", "Soren Fyrskov", 60),
    PersonName("Yuki Tsukinomori", "yuki.tsukinomori", "月ノ森 雪", 540),
    PersonName("Tomáš Vlnohrádek", "tomas.vlnohradek", "Tomas Vlnohradek", 60),
    PersonName("Priya Chandravel", "priya.chandravel", "", 330),
    PersonName("Lucía Montelargo", "lucia.montelargo", "Lucia M.", 60),
    PersonName("Kwabena Osterfield", "kwabena.osterfield", "", 0),
    PersonName("Юлія Бережна-Лан", "yuliia.berezhnalan", "Yuliia Berezhna-Lan", 120),
    PersonName("Niamh Carrowdale", "niamh.carrowdale", "", 0),
    PersonName("Emre Gündoğdulu", "emre.gundogdulu", "Emre Gundogdulu", 180),
    PersonName("Ingrid Snøfjellset", "ingrid.snofjellset", "", 60),
    PersonName("Rafael Pedraverde", "rafael.pedraverde", "rafa", -180),
    PersonName("Hana Sorakovic", "hana.sorakovic", "", 60),
    PersonName("Omar Nakhlawan", "omar.nakhlawan", "عمر نخلوان", 180),
    PersonName("Zsófia Kertvárosi", "zsofia.kertvarosi", "Zsofia K", 60),
    PersonName("Theo Wexlington", "theo.wexlington", "", 0),
    PersonName("Linh Trăngsơn", "linh.trangson", "Linh Trang Son", 420),
    PersonName("Matteo Lungafonte", "matteo.lungafonte", "", 60),
    PersonName("Aroha Kererangi", "aroha.kererangi", "", 720),
    PersonName("Jakub Mgłowiecki", "jakub.mglowiecki", "Jakub Mglowiecki", 60),
    PersonName("Sade Oluwinter", "sade.oluwinter", "", 60),
    PersonName("Pekka Järvisalmela", "pekka.jarvisalmela", "", 120),
    PersonName("Chloé Beaurivier", "chloe.beaurivier", "Chloe Beaurivier", 60),
    PersonName("Devan Ashgrovel", "devan.ashgrovel", "", -300),
    PersonName("Gulnara Tulpanova", "gulnara.tulpanova", "", 300),
    PersonName("Mateus Ondaluz", "mateus.ondaluz", "Mateus", -180),
    PersonName("Freya Thornwick", "freya.thornwick", "", 0),
    PersonName("Wei Qingfengshan", "wei.qingfengshan", "韦 清风山", 480),
    PersonName("Nikos Thalassiadis", "nikos.thalassiadis", "", 120),
    PersonName("Amina Sandovar", "amina.sandovar", "", 180),
    PersonName("Bram Waterhoeve", "bram.waterhoeve", "", 60),
    PersonName("Ewa Słonecznik", "ewa.slonecznik", "Ewa Slonecznik", 60),
    PersonName("Ravi Nilgirikar", "ravi.nilgirikar", "", 330),
    PersonName("Sibusiso Marulavale", "sibusiso.marulavale", "", 120),
    PersonName("Océane Valmarin", "oceane.valmarin", "", 60),
    PersonName("Dagný Hraunfell", "dagny.hraunfell", "Dagny Hraunfell", 0),
    PersonName("Piotr Cichybór", "piotr.cichybor", "", 60),
    PersonName("Leilani Makakoa", "leilani.makakoa", "", -600),
    PersonName("Jonas Birkenfurt", "jonas.birkenfurt", "", 60),
    PersonName("Farah Zaytounel", "farah.zaytounel", "", 120),
    PersonName("Callum Strathmere", "callum.strathmere", "", 0),
    PersonName("Minji Haneulbyeol", "minji.haneulbyeol", "하늘별 민지", 540),
    PersonName("Eszter Tündérvölgyi", "eszter.tundervolgyi", "", 60),
    PersonName("Andrés Lunallena", "andres.lunallena", "", -300),
    PersonName("Tova Mossberget", "tova.mossberget", "", 60),
    PersonName("Idris Qamarwood", "idris.qamarwood", "", 0),
)
