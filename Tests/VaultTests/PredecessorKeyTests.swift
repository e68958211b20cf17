import Core
import Testing

@testable import Vault

/// The sealed texts were made with `openssl enc -aes-256-cbc -K KEY -iv IV`.
@Suite struct PredecessorKeyTests {
    private static let a40 = String(repeating: "a", count: 40)
    private static let digits = "0123456789abcdef0123456789abcdef01234567"

    @Test(arguments: [
        ("correct horse", "EBESExQVFhcYGRobHB0eHw==:d+9+a5KXd+OF2ibzNUs/1wn7Rg8ZHWBfbDw4ejvhzDBYr7U/tQnqLvnB89PTx96q", digits),
        ("correct horse", "MDEyMzQ1Njc4OTo7PD0+Pw==:2+M5bO7vJxErhG+f5d9nllP+35enUhTcFjPNib1kiQE=", "0123456789abcdef"),
        (
            "0123456789abcdef0123456789abcdef",
            "EBESExQVFhcYGRobHB0eHw==:P4jw5+S6kWDaWbqjotc8VXeaHovIA36GPwLN5xNi68meuUERoqSUK4ePMJU8imeE", a40
        ),
        (
            "0123456789abcdef0123456789abcdefXYZ",
            "EBESExQVFhcYGRobHB0eHw==:P4jw5+S6kWDaWbqjotc8VXeaHovIA36GPwLN5xNi68meuUERoqSUK4ePMJU8imeE", a40
        ),
        (
            "schlüssel-schlüssel-schlüssel-ß",
            "EBESExQVFhcYGRobHB0eHw==:v38TCe96k51oBnehcxFHPWU46c/sOLZ7+bz0jifgxcaWUj3JpqQnEGYJjnYqwacQ", a40
        ),
    ])
    func `keys shorter and longer than 32 bytes open what openssl sealed`(key: String, sealed: String, token: String) throws {
        let key = try #require(PredecessorKey(Secret(key)))
        #expect(key.open(sealed)?.reveal() == token && PredecessorKey.isSealed(sealed))
    }

    @Test func `another key opens nothing`() throws {
        let sealed = "EBESExQVFhcYGRobHB0eHw==:d+9+a5KXd+OF2ibzNUs/1wn7Rg8ZHWBfbDw4ejvhzDBYr7U/tQnqLvnB89PTx96q"
        // One key in 256 leaves a right padding by chance: then the characters tell.
        for number in 0..<2_000 {
            let key = try #require(PredecessorKey(Secret("wrong \(number)")))
            #expect(key.open(sealed) == nil)
        }
    }

    @Test(arguments: [
        "", ":", "a:b", "EBESExQVFhcYGRobHB0eHw==", "EBESExQVFhcYGRobHB0eHw==:", ":2+M5bO7vJxErhG+f5d9nllP+35enUhTcFjPNib1kiQE=",
        "EBESExQVFhcYGRobHB0eHw==:AAAA", "AAAA:2+M5bO7vJxErhG+f5d9nllP+35enUhTcFjPNib1kiQE=",
        "EBESExQVFhcYGRobHB0eHw==:2+M5bO7vJxErhG+f5d9nllP+35enUhTcFjPNib1kiQE=:AAAA",
        "EBESExQVFhcYGRobHB0eHw==:" + String(repeating: "A", count: 8_000), "0123456789abcdef0123456789abcdef01234567",
    ])
    func `a text of another form is no sealed token`(text: String) throws {
        let key = try #require(PredecessorKey(Secret("correct horse")))
        #expect(!PredecessorKey.isSealed(text) && key.open(text) == nil)
    }

    @Test(arguments: [
        "QEFCQ0RFRkdISUpLTE1OTw==:RscGPw++m5Nlosrr64zP+FDPsnvamscrctrxJJTHShk=", "UFFSU1RVVldYWVpbXF1eXw==:DlYcPb/TzUm3XT9IrDIlDQ==",
    ])
    func `what is sealed must be a token`(sealed: String) throws {
        #expect(try #require(PredecessorKey(Secret("correct horse"))).open(sealed) == nil)
    }

    @Test func `an empty key is none, and a key is not shown`() throws {
        #expect(PredecessorKey(Secret("")) == nil)
        let key = try #require(PredecessorKey(Secret("correct horse")))
        #expect(!"\(key)".contains("correct"))
    }
}
