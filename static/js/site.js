// Refresh by polling only while somebody looks at the page.
document.addEventListener("htmx:beforeRequest", (event) => {
  const isPoll = event.detail.requestConfig.triggeringEvent === undefined;
  if (isPoll && document.hidden) {
    event.preventDefault();
  }
});

// A menu closes on Escape and on a click outside of it.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) {
      menu.open = false;
    }
  }
};
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
