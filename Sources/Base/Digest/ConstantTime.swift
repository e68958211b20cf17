import COpenSSL

/// Compares secrets without telling by the time that it takes how far they agree.
public enum ConstantTime {
    /// Whether both are the same bytes. Only the time for another length differs.
    public static func isEqual(_ one: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
        let (one, other) = (Array(one), Array(other))
        return one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
