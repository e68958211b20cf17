import Foundation
import HTTPTransport
import Testing

@testable import StravaAPI

struct RateLimitHeadersTests {
    private func read(_ fields: (String, String)...) -> RateLimitHeaders? {
        RateLimitHeaders(HTTPHeaders(fields.map { (name: $0.0, value: $0.1) }))
    }

    @Test func `both buckets are read, whatever the case of the names`() {
        let expected = RateLimitHeaders(
            overall: .init(quarterLimit: 200, dayLimit: 2000, quarterUsage: 8, dayUsage: 151),
            read: .init(quarterLimit: 100, dayLimit: 1000, quarterUsage: 7, dayUsage: 150))
        #expect(
            read(
                ("X-RateLimit-Limit", "200,2000"), ("X-RateLimit-Usage", "8,151"), ("X-ReadRateLimit-Limit", "100,1000"),
                ("X-ReadRateLimit-Usage", "7,150")) == expected)
        #expect(
            read(
                ("x-ratelimit-limit", "200, 2000"), ("X-Ratelimit-Usage", " 8 , 151 "), ("X-READRATELIMIT-LIMIT", "100,1000"),
                ("x-readratelimit-usage", "7,150")) == expected)
    }

    @Test func `an answer without rate-limit headers says nothing`() {
        #expect(read() == nil)
        #expect(read(("Content-Type", "application/json")) == nil)
        #expect(read(("X-RateLimit-Limit", ""), ("X-RateLimit-Usage", ",")) == nil)
    }

    @Test func `the empty values after a call that is not a read leave the usage unknown`() {
        let headers = read(
            ("X-RateLimit-Limit", "200,2000"), ("X-RateLimit-Usage", "3,30"), ("X-ReadRateLimit-Limit", "100,1000"),
            ("X-ReadRateLimit-Usage", ","))
        #expect(headers?.read == .init(quarterLimit: 100, dayLimit: 1000, quarterUsage: nil, dayUsage: nil))
        #expect(headers?.overall?.dayUsage == 30)
    }

    @Test(arguments: ["-1,-1", "a,b", "1.5,2.5", "99999999999999999999,4294967296", "0x10,1e3", "١,٢"])
    func `impossible numbers are left out`(value: String) {
        let headers = read(("X-RateLimit-Limit", "200,2000"), ("X-RateLimit-Usage", value))
        #expect(headers?.overall == .init(quarterLimit: 200, dayLimit: 2000, quarterUsage: nil, dayUsage: nil))
    }

    @Test func `one number or three are read as far as possible`() {
        let one = RateLimitHeaders.Pair(quarterLimit: 200, dayLimit: nil, quarterUsage: nil, dayUsage: nil)
        #expect(read(("X-RateLimit-Limit", "200"))?.overall == one)
        let three = RateLimitHeaders.Pair(quarterLimit: 1, dayLimit: 2, quarterUsage: nil, dayUsage: nil)
        #expect(read(("X-RateLimit-Limit", "1,2,3"))?.overall == three)
    }

    @Test func `a refused call may be repeated when the exhausted window ends`() {
        let full = RateLimitHeaders.Pair(quarterLimit: 600, dayLimit: 30_000, quarterUsage: 692, dayUsage: 29_300)
        let dayFull = RateLimitHeaders.Pair(quarterLimit: 100, dayLimit: 1_000, quarterUsage: 10, dayUsage: 1_000)
        let at = instant("2026-11-23T22:44:59Z")
        #expect(RateWindow.end(after: at, headers: nil) == instant("2026-11-23T22:45:00Z"))
        #expect(RateWindow.end(after: at, headers: .init(overall: full, read: nil)) == instant("2026-11-23T22:45:00Z"))
        #expect(RateWindow.end(after: at, headers: .init(overall: full, read: dayFull)) == instant("2026-11-24T00:00:00Z"))
        #expect(RateWindow.end(after: instant("2026-11-23T22:45:00Z"), headers: nil) == instant("2026-11-23T23:00:00Z"))
    }
}
