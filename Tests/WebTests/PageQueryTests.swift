import Testing

@testable import Web

/// What an address chooses, and the links that are made of it.
@Suite struct PageQueryTests {
    @Test func `only known words choose, and only these are written into links`() {
        let query = PageQuery([("fitness", "1y"), ("volume", "<script>"), ("evil", "\"><b>"), ("curve", "pace")])
        #expect(
            query.choice(FitnessSpan.self) == .year && query.choice(VolumeMeasure.self) == .hours && query.choice(CurveMetric.self) == .pace
        )
        #expect(query.hasUnknown)
        let links = query.links(FitnessSpan.self, path: "/me", card: "fitness")
        #expect(
            links.map(\.href) == [
                "/me?curve=pace&fitness=6w#fitness", "/me?curve=pace#fitness", "/me?curve=pace&fitness=1y#fitness",
                "/me?curve=pace&fitness=all#fitness",
            ])
        #expect(links.map(\.isCurrent) == [false, false, true, false])
        #expect(query.choices == "?curve=pace&fitness=1y")
    }

    @Test func `of equal names the first counts, and long values count as unknown`() {
        let query = PageQuery([("weeks", "26"), ("weeks", "52"), ("q", String(repeating: "x", count: 300))])
        #expect(query.choice(VolumeSpan.self) == .weeks26 && query["q"] == nil && query.hasUnknown)
        #expect(!PageQuery([("weeks", "26"), ("q", "hills")]).hasUnknown)
        #expect(PageQuery([]).choices.isEmpty)
    }

    @Test func `what a search can't read is left out and named`() {
        let search = ActivitySearch(
            PageQuery([("q", "hills"), ("sport", "ride"), ("after", "2026-02-30"), ("before", "2026-02-28"), ("min", "1e400")]))
        #expect(
            search.text == "hills" && search.kind == .ride && search.after == nil && search.before?.iso == "2026-02-28"
                && search.atLeast == nil)
        #expect(search.refused == ["the first day", "the distance"])
        #expect(search.pairs.map(\.0) == ["q", "sport", "before"])
        #expect(ActivitySearch(PageQuery([("sport", "all"), ("q", "")])).isEmpty)
        for text in ["-5", "nan", "inf", "0x10", "1e9"] {
            #expect(ActivitySearch(PageQuery([("min", text)])).refused == ["the distance"], "\(text)")
        }
        for text in ["1899-12-31", "2200-01-01", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-01 ", "+026-01-01", "2026-0١-01"] {
            #expect(ActivitySearch(PageQuery([("after", text)])).refused == ["the first day"], "\(text)")
        }
        for text in ["1900-01-01", "1969-12-31", "2024-02-29", "2199-12-31"] {
            #expect(ActivitySearch(PageQuery([("after", text)])).after?.iso == text)
        }
    }

    @Test func `each sport family of silver is found under one kind of sport`() {
        #expect(SportKind.ride.families == ["ride", "e_ride"] && SportKind.other.families == ["ski", "paddle", "other"])
        #expect(SportKind.allCases.flatMap(\.families).sorted() == ["e_ride", "other", "paddle", "ride", "run", "ski", "swim", "walk"])
    }

    @Test func `JSON in a page can't end its element`() {
        #expect(PageJSON.text(["a": "</script><b>&"]) == "{\"a\":\"\\u003c\\/script\\u003e\\u003cb\\u003e\\u0026\"}")
        #expect(
            PageJSON.text([PageJSON.rounded(72.34), PageJSON.rounded(nil), PageJSON.rounded(.nan), PageJSON.rounded(5, 0)])
                == "[72.3,null,null,5]")
    }
}

/// Drawings made here.
@Suite struct DrawingTests {
    @Test func `numbers of drawings are short and finite`() {
        #expect([0, 1, 12.5, 33.333, -0.25, 99.999].map(Drawings.number) == ["0", "1", "12.5", "33.33", "-0.25", "100"])
        #expect(Drawings.percent(1.7) == "100%" && Drawings.percent(-1) == "0%" && Drawings.percent(.nan) == "0%")
        #expect([0.7, 9, 12, 38, 46, 101].map(Drawings.roundLimit) == [1, 10, 20, 40, 50, 200])
    }

    @Test func `a calendar's shades are the quartiles of the days with load`() {
        let first = LocalDay(year: 2026, month: 1, day: 1)
        let loads = [0, 10, 20, 30, 40, 50, 60, 70, 80].map(Double.init)
        let days = loads.enumerated().map {
            CalendarDrawing.Day(day: first.adding($0.offset), load: $0.element, words: "w", activityCount: 1)
        }
        let drawing = CalendarDrawing(days)
        #expect(drawing.limits == [30, 50, 70])
        #expect(days.map(drawing.shade) == [1, 1, 1, 1, 2, 2, 3, 3, 4])
        #expect(drawing.svg(label: "L").components(separatedBy: "<rect").count == 10)
        #expect(CalendarDrawing([]).svg(label: "L").isEmpty)
    }
}

/// What is sent of style sheets and scripts.
@Suite struct AssetTextTests {
    @Test func `a style sheet loses comments and spaces, and no string`() {
        let css =
            "/* a { } */\na { color: red; }\n\n@media (max-width: 640px) {\n  .b + .c, .d { content: \" ; /* kept */ \"; margin: calc(-1 * var(--x)) 0; }\n}\n"
        let shrunk = String(decoding: AssetText.shrunk(Array(css.utf8), name: "x.css"), as: UTF8.self)
        #expect(shrunk == "a{color:red;}@media (max-width:640px){.b + .c,.d{content:\" ; /* kept */ \";margin:calc(-1 * var(--x)) 0;}}")
        #expect(AssetText.shrunk(Array("a{}/* open".utf8), name: "x.css") == Array("a{}".utf8))
    }

    @Test func `a script loses indentation and comments that are a line`() {
        let js = "// what it is\n\"use strict\";\n(() => {\n  // why\n  const a = \"// kept\"; // kept too\n\n})();\n"
        let shrunk = String(decoding: AssetText.shrunk(Array(js.utf8), name: "x.js"), as: UTF8.self)
        #expect(shrunk == "\"use strict\";\n(() => {\nconst a = \"// kept\"; // kept too\n})();")
        #expect(AssetText.shrunk([1, 2, 10], name: "x.png") == [1, 2, 10])
    }
}
