// src/worker/sw.ts
var e = "boxoffice-78aeb8bee60a", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-ZZOtBsw4.js,/assets/Account-CVDGG-4s.css,/assets/Account-DXfH19pX.js,/assets/Address-DUeUOBEv.css,/assets/Address-vpV8lTXg.js,/assets/Booking-C7PoPbFf.js,/assets/Booking-lr28VZYQ.css,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-BuqepL0g.js,/assets/Choice-BE79j0uB.css,/assets/Choice-LKH3aUXO.js,/assets/Confirm-CgZwd2gJ.js,/assets/Confirm-DAuDpJVe.css,/assets/Form-DL4eQ7JL.css,/assets/Form-Dgi1c3-9.js,/assets/Guest-Bgu0Q0RA.js,/assets/Guest-EtePBRbW.css,/assets/Login-BuUyfoLz.js,/assets/Login-D5NuhG1L.css,/assets/Movie-D3LBHr--.js,/assets/Movie-Dq-rJboM.css,/assets/Proof-2BPsai8Y.js,/assets/Proof-3iMEo0QP.css,/assets/Search-BKY0Kage.css,/assets/Search-Cgrvu59A.js,/assets/Show-DXtpLqQv.css,/assets/Show-DyY1li9o.js,/assets/Stub-BGQ7mr9P.css,/assets/Stub-HoingIKk.js,/assets/Theater-CzuFCfp3.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-B9AN97EQ.js,/assets/Ticket-BYiq95sC.css,/assets/Tickets-CKtM4JpD.js,/assets/Tickets-DadJP-FX.css,/assets/Top-CXg0UPdd.css,/assets/Top-CqJGpA5J.js,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-qV80uCAo.js,/assets/ar-DjLSi9rp.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/choice-DJ2qwyu1.js,/assets/disclose-version-xihTtKlq.js,/assets/hi-Bb5QWPo5.js,/assets/i18n.svelte-8Ei_6dcT.js,/assets/index-Co7oDaKU.css,/assets/index-ebgEMjbb.js,/assets/later-CQRHW6QO.js,/assets/money-SKnxxySz.js,/assets/names-B0a4KHVb.js,/assets/next-Dsv1erob.js,/assets/provider-8vMwUfK3.js,/assets/push.svelte-ClTglwrb.js,/assets/rolldown-runtime-DK3Fl9T5.js,/assets/router.svelte-BEb2nv4H.js,/assets/shows-Cup-gRZO.js,/assets/story-Dl5HTDc6.js".split(","),
			"/manifest.webmanifest",
			"/icon.svg"
		]);
		let t = await fetch(new Request("/", { cache: "reload" }));
		if (!t.ok) throw Error("the page answered " + t.status);
		await e.put("/", t);
	}));
}), self.addEventListener("activate", (t) => {
	t.waitUntil(caches.keys().then(async (t) => {
		for (let n of t) n.startsWith("boxoffice-") && n !== e && await caches.delete(n);
		await self.clients.claim();
	}));
}), self.addEventListener("message", (e) => {
	e.data === "update" && self.skipWaiting();
}), self.addEventListener("fetch", (e) => {
	let { request: n } = e, a = new URL(n.url);
	n.method !== "GET" || a.origin !== self.location.origin || t.test(a.pathname) || (n.mode === "navigate" ? e.respondWith(r(a) ? i(n) : o(n)) : a.pathname.startsWith("/assets/") && e.respondWith(s(n)));
});
function n(e) {
	return caches.match(e, { ignoreVary: !0 });
}
function r(e) {
	return e.pathname === "/b" || e.searchParams.has("key");
}
async function i(e) {
	try {
		let t = await fetch(e);
		if (t.status < 502) return t;
	} catch {}
	return await n("/") ?? Response.error();
}
var a = 3e3;
async function o(e) {
	let t = await n("/");
	if (!t) return fetch(e);
	let r = fetch(e).then((e) => e.status >= 502 ? t : e, () => t);
	return Promise.race([r, new Promise((e) => setTimeout(() => e(t), a))]);
}
async function s(t) {
	let r = await n(t.url);
	if (r) return r;
	let i = await fetch(t);
	if (i.ok && i.status === 200) {
		let n = i.clone();
		caches.open(e).then((e) => e.put(t, n));
	}
	return i;
}
self.addEventListener("push", (e) => {
	let t = {};
	try {
		t = e.data?.json() ?? {};
	} catch {}
	let { title: n = "Boxoffice", body: r, navigate: i = "/tickets", lang: a, dir: o = "auto", tag: s, icon: c = "/icon-192.png" } = t.notification ?? {}, l = {
		icon: c,
		badge: "/badge-96.png",
		dir: o,
		data: { navigate: i }
	};
	r && (l.body = r), a && (l.lang = a), s && (l.tag = s), e.waitUntil(self.registration.showNotification(n, l));
}), self.addEventListener("notificationclick", (e) => {
	e.notification.close();
	let t = new URL(e.notification.data.navigate, self.location.origin);
	e.waitUntil(c(t));
});
async function c(e) {
	if (e.origin !== self.location.origin) return;
	let t = await self.clients.matchAll({ type: "window" });
	for (let n of t) if (!/^\/(shows|checkout|pay|bookings)\//.test(new URL(n.url).pathname)) try {
		await (await n.focus()).navigate(e.href);
		return;
	} catch {}
	await self.clients.openWindow(e.href);
}
