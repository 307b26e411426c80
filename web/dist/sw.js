// src/worker/sw.ts
var e = "boxoffice-9cc5e46d434f", t = /^\/(v1|docs|openapi\.json|\.well-known|healthz|readyz|sitemap\.xml|robots\.txt)(\/|$)/;
self.addEventListener("install", (t) => {
	t.waitUntil(caches.open(e).then(async (e) => {
		await e.addAll([
			.../* @__PURE__ */ "/assets/About-CEFsrKhq.css,/assets/About-YaZdyvkM.js,/assets/Account-BSvCVMD-.css,/assets/Account-DH_P7v7D.js,/assets/Address-DUeUOBEv.css,/assets/Address-K3OV6QNq.js,/assets/Booking-Dc9gGWZW.js,/assets/Booking-lr28VZYQ.css,/assets/Cancel-BQwdSDlD.css,/assets/Cancel-DuTwGOtn.js,/assets/Choice-BE79j0uB.css,/assets/Choice-CzUBkjRX.js,/assets/Confirm-BLWwBk5J.js,/assets/Confirm-DAuDpJVe.css,/assets/Form-BNO3DpKQ.js,/assets/Form-DL4eQ7JL.css,/assets/Guest-DDknP1bf.js,/assets/Guest-EtePBRbW.css,/assets/Login-D5NuhG1L.css,/assets/Login-DBDVZgB6.js,/assets/Movie-D_tF8Q0S.js,/assets/Movie-Dq-rJboM.css,/assets/Proof-3iMEo0QP.css,/assets/Proof-D2pKPH2i.js,/assets/Search-BKY0Kage.css,/assets/Search-DtftMRNK.js,/assets/Show-D1RN2R2z.js,/assets/Show-DXtpLqQv.css,/assets/Stub-BGQ7mr9P.css,/assets/Stub-CmBj3pu9.js,/assets/Theater-ByVwmzRB.js,/assets/Theater-SK7duz6G.css,/assets/Ticket-B7gLXOVR.js,/assets/Ticket-BYiq95sC.css,/assets/Tickets-CnVZoIyE.js,/assets/Tickets-DadJP-FX.css,/assets/Top-Bc_fuATx.js,/assets/Top-CXg0UPdd.css,/assets/Unknown-B1VtyMAv.css,/assets/Unknown-BFG5u8Jc.js,/assets/ar-DjLSi9rp.js,/assets/archivo-narrow-latin-wght-normal-B-Ghsc5j.woff2,/assets/choice-DJ2qwyu1.js,/assets/hi-Bb5QWPo5.js,/assets/i18n.svelte-Dk1lY-V5.js,/assets/index-CeuN8ph8.js,/assets/index-Cxz5XNZe.css,/assets/late-CPZX2N8S.css,/assets/late-CZibLrd8.js,/assets/later-BjMG3Kun.js,/assets/money-CUSlxuUB.js,/assets/names-Bqh_rNTW.js,/assets/next-BxpY-F3J.js,/assets/provider-D3-BcGBF.js,/assets/push.svelte-DuFC1xBR.js,/assets/rolldown-runtime-DK3Fl9T5.js,/assets/router.svelte-lCVHvneb.js,/assets/shows-B02znJ5X.js,/assets/story-BJ-zf-Pn.js".split(","),
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
