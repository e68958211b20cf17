/// An activity such as devices record, 2 hours and 25 minutes long: steps of 1 to 10 seconds, five pauses of three minutes, sensors that
/// drop out, impossible values, times that repeat or go back, single distances that are 30 m too low. It is made by a rule, so that another program
/// can make the same one and compute its figures. Those of `RollupReferenceTests` come from a program in Python with numpy, written from
/// the literature and the comments of the columns, second by second and without running sums.
enum IrregularActivity {
    static let points = 3000

    /// Seconds at which the points were taken.
    private static let moments: [Int] = {
        let steps = [1, 1, 2, 1, 3, 1, 1, 5, 1, 10]
        var moments = [0]
        for point in 0..<(points - 1) { moments.append(moments[point] + steps[point % 10] + (point % 500 == 499 ? 180 : 0)) }
        return moments
    }()

    private static func list(_ value: (Int) -> String?) -> String {
        "{\"data\":[" + (0..<points).map { value($0) ?? "null" }.joined(separator: ",") + "]}"
    }

    private static func time(_ point: Int) -> Int {
        if point % 301 == 300 { return moments[point - 1] }
        return point % 407 == 406 ? moments[point] - 50 : moments[point]
    }

    private static func watts(_ point: Int) -> Int? {
        if (1200..<1230).contains(point) || point % 97 == 0 { return nil }
        if point % 89 == 0 { return -20 }
        if point % 53 == 0 { return 0 }
        return 120 + point * 37 % 240 + ((700..<760).contains(point) ? 300 : 0)
    }

    private static func beats(_ point: Int) -> Int? {
        if (1500..<1600).contains(point) || point % 43 == 0 { return nil }
        return point % 41 == 0 ? 0 : 110 + point * 7 % 61
    }

    private static let metres: [Double] = {
        var metres = [0.0]
        for point in 1..<points {
            metres.append(metres[point - 1] + Double(min(moments[point] - moments[point - 1], 10)) * (3 + Double(point * 13 % 7) * 0.5))
        }
        return metres
    }()

    private static func grade(_ point: Int) -> Int? {
        if point % 29 == 0 { return nil }
        return point % 101 == 0 ? 60 : point * 11 % 61 - 30
    }

    /// Its streams answer.
    static var streams: String {
        let altitude = list { $0 % 31 == 0 ? nil : "\(100 + Double(abs($0 % 800 - 400)) / 2)" }
        return """
            {"time":\(list { "\(time($0))" }),"watts":\(list { watts($0).map { "\($0)" } }),"heartrate":\(list { beats($0).map { "\($0)" } }),
             "distance":\(list { "\(metres[$0] - ($0 % 211 == 210 ? 30 : 0))" }),"altitude":\(altitude),
             "grade_smooth":\(list { grade($0).map { "\($0)" } })}
            """
    }
}
