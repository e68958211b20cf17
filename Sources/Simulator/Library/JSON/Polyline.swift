/// Google's encoded polyline (developers.google.com/maps/documentation/utilities/polylinealgorithm), five decimal places.
enum Polyline {
    static func encode(_ points: [(latitude_udeg: Int, longitude_udeg: Int)]) -> String {
        var text: [UInt8] = []
        var last = (latitude: 0, longitude: 0)
        for point in points {
            let next = (latitude: point.latitude_udeg / 10, longitude: point.longitude_udeg / 10)
            append(next.latitude - last.latitude, to: &text)
            append(next.longitude - last.longitude, to: &text)
            last = next
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ delta: Int, to text: inout [UInt8]) {
        var bits = delta < 0 ? ~(delta << 1) : delta << 1
        while bits >= 0x20 {
            text.append(UInt8((0x20 | (bits & 0x1F)) + 63))
            bits >>= 5
        }
        text.append(UInt8(bits + 63))
    }
}
