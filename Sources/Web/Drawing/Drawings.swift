/// Small drawings as SVG, made from figures alone: no text that somebody else wrote is in them.
enum Drawings {
    /// Per cent with two decimals at most, for attributes.
    static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "0%" }
        return number(min(max(share, 0), 1) * 100) + "%"
    }

    /// A coordinate with two decimals at most.
    static func number(_ value: Double) -> String {
        guard let hundredths = Figures.whole(value * 100) else { return "0" }
        let (sign, rest) = (hundredths < 0 ? "-" : "", abs(hundredths))
        let decimals = rest % 100
        if decimals == 0 { return sign + "\(rest / 100)" }
        return sign + "\(rest / 100)." + (decimals < 10 ? "0" : "") + (decimals % 10 == 0 ? "\(decimals / 10)" : "\(decimals)")
    }

    /// A bar that fills a share of its track.
    static func meter(_ share: Double, tone: String, label: String?) -> String {
        let role = label.map { "role=\"img\" aria-label=\"\($0)\"" } ?? "aria-hidden=\"true\""
        return "<svg class=\"meter thin\" \(role)><rect width=\"\(percent(share))\" height=\"100%\" class=\"f-\(tone)\"/></svg>"
    }

    /// Parts of a whole one after the other.
    static func parts(_ shares: [(share: Double, tone: String)], label: String) -> String {
        var (left, rects) = (0.0, "")
        for part in shares where part.share > 0 {
            rects += "<rect x=\"\(percent(left))\" width=\"\(percent(part.share))\" height=\"100%\" class=\"f-\(part.tone)\"/>"
            left += part.share
        }
        return "<svg class=\"meter\" role=\"img\" aria-label=\"\(label)\">\(rects)</svg>"
    }

    /// Bars on a common zero, such as hours by month.
    static func bars(_ values: [Double], max: Double, label: String) -> String {
        let band = 1_000 / Double(Swift.max(values.count, 1))
        let lines = [0, 50, 100].map { "<path class=\"g\" d=\"M0 \($0)H1000\"/>" }.joined()
        let rects = values.enumerated().map { place, value in
            let height = max > 0 ? Swift.min(value / max, 1) * 100 : 0
            return "<rect x=\"\(number(band * (Double(place) + 0.125)))\" width=\"\(number(band * 0.75))\" y=\"\(number(100 - height))\" "
                + "height=\"\(number(height))\" class=\"f-acc\"/>"
        }
        return "<svg class=\"plot h90\" role=\"img\" aria-label=\"\(label)\"><svg viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" "
            + "width=\"100%\" height=\"100%\">\(lines)\(rects.joined())</svg></svg>"
    }

    /// The next round number: 1, 2, 2.5, 4, 5 or 10 times a power of ten.
    static func roundLimit(_ value: Double) -> Double {
        guard value > 0, value.isFinite, value < 1e12 else { return 1 }
        var scale = 1.0
        while scale * 10 < value { scale *= 10 }
        while scale >= value, scale > 1e-6 { scale /= 10 }
        return ([1, 2, 2.5, 4, 5, 10].first { $0 * scale >= value } ?? 10) * scale
    }
}
