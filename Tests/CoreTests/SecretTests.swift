import Foundation
import Testing

@testable import Core

@Suite struct SecretTests {
    private let secret = Secret("4f9a-not-to-be-seen")

    @Test func `no kind of printing shows the value`() {
        var dumped = ""
        dump(secret, to: &dumped)
        var nested = ""
        dump(["token": secret], to: &nested)
        let printed = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", "\(secret as Any)", dumped, nested,
        ]
        for text in printed { #expect(!text.contains("4f9a"), "\(text)") }
    }

    @Test func `a secret can be revealed and compared`() {
        #expect(secret.reveal() == "4f9a-not-to-be-seen")
        #expect(secret == Secret("4f9a-not-to-be-seen"))
        #expect(secret != Secret("other"))
        #expect(Secret("").isEmpty && !secret.isEmpty)
    }

    @Test func `a secret can't be encoded by accident`() {
        #expect(!((secret as Any) is any Encodable))
    }
}
