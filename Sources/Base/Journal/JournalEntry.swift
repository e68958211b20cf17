/// One entry of the systemd journal in the form in which its socket takes it: fields with a name and a value.
///
/// systemd documents the form as stable ("Native Journal Protocol"): `NAME=value` and a line feed or, for a value that contains a line feed,
/// the name, a line feed, the value's length as 64 bits (the lowest byte first), the value, a line feed.
public struct JournalEntry: Sendable, Equatable {
    /// The journal ignores fields with longer names.
    private static let nameBytesMax = 64
    /// The journal refuses entries with more than 1,024 fields.
    private static let fieldsMax = 200
    /// What is longer is cut: one value must not fill the queue of entries.
    public static let valueBytesMax = 512 << 10

    /// What goes into the datagram.
    public private(set) var bytes: [UInt8] = []
    private var fieldCount = 0

    public init() {}

    /// Adds a field of the journal's own vocabulary (systemd.journal-fields(7)).
    public mutating func add(_ name: StaticString, _ value: String) { append(String(describing: name), value) }

    /// Adds a field under a name that is made of the key of log metadata: `athlete_id` becomes `ATHLETE_ID`. What would otherwise be a field
    /// with a meaning of its own gets a prefix, so that no key can change an entry's text or priority, or say that it is about another unit.
    public mutating func add(key: String, _ value: String) { append(Self.name(of: key), value) }

    private mutating func append(_ name: String, _ value: String) {
        guard fieldCount < Self.fieldsMax else { return }
        fieldCount += 1
        let value = Array(value.utf8.prefix(Self.valueBytesMax))
        bytes += Array(name.utf8)
        if value.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += Array($0) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Names consist of capital letters, digits and underscores, and begin with a letter: those that begin with an underscore are the journal's.
    static func name(of key: String) -> String {
        var name = key.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        let isLetter = name.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
        if !isLetter || isTaken(String(decoding: name, as: UTF8.self)) { name = Array("FITNESSD_".utf8) + name }
        return String(decoding: name.prefix(nameBytesMax), as: UTF8.self)
    }

    private static let taken: Set<String> = [
        "MESSAGE", "MESSAGE_ID", "PRIORITY", "ERRNO", "TID", "UNIT", "USER_UNIT", "INVOCATION_ID", "USER_INVOCATION_ID", "DOCUMENTATION",
        "EVENT", "LOGGER",
    ]
    private static let takenBeginnings = ["SYSLOG_", "CODE_", "OBJECT_", "COREDUMP_"]

    private static func isTaken(_ name: String) -> Bool { taken.contains(name) || takenBeginnings.contains { name.hasPrefix($0) } }
}
