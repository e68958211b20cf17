import ControlAPI

/// What a sync would cost, as text.
enum PriceText {
    static func text(_ price: PriceMessage) -> String {
        let most = price.unknownHistories == 0 ? "" : "at least "
        var lines = [
            "athletes     \(Phrase.number(price.athletes))",
            "calls        \(most)\(Phrase.number(price.calls.total))\(parts(price.calls))",
            "done after   \(most)\(price.durationS == 0 ? "moments" : "about \(Phrase.span(Double(price.durationS)))")",
            "quota        \(Phrase.number(price.dayLeft)) of \(Phrase.number(price.dayLimit)) left today; ordinary work took "
                + "\(Phrase.number(price.ordinaryCallsPerDay)) in 24 h",
        ]
        if price.unknownHistories > 0 {
            lines.append(
                "not counted  what is behind the lists of \(Phrase.number(price.unknownHistories)) athletes that were never read to the end"
            )
        }
        return (lines + ["nothing was changed"]).joined(separator: "\n")
    }

    static func parts(_ calls: CallsMessage) -> String {
        let parts = [
            ("list", calls.list), ("profile, zones and gear", calls.profile), ("detail", calls.detail), ("streams", calls.streams),
        ]
        let named = parts.filter { $0.1 > 0 }.map { "\(Phrase.number($0.1)) \($0.0)" }
        return named.isEmpty ? "" : " (\(named.joined(separator: ", ")))"
    }
}
