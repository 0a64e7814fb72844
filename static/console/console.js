// The plan editor: shows the inputs that the chosen price needs, and further cards and tiers when they are asked for.
// Without it every input is there, and the form works the same.
"use strict";

(() => {
  const isFilled = (element) =>
    element.querySelector(".errors, ul.errorlist") !== null ||
    [...element.querySelectorAll("input[type=text]")].some((input) => input.value !== "");

  function showTiers(card) {
    const rows = [...card.querySelectorAll("[data-tier]")];
    const last = rows.findLastIndex(isFilled);
    rows.forEach((row, number) => {
      row.hidden = number > Math.max(last, 0);
    });
    const button = card.querySelector("[data-add-tier]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = rows.find((row) => row.hidden);
      if (next) {
        next.hidden = false;
        next.querySelector("input").focus();
      }
      button.hidden = !rows.some((row) => row.hidden);
    });
  }

  function followKind(card) {
    const kind = card.querySelector("select[name$=-kind]");
    const show = () => {
      for (const part of card.querySelectorAll("[data-for]")) {
        part.hidden = part.dataset.for !== kind.value;
      }
    };
    kind.addEventListener("change", show);
    show();
  }

  function followRemoval(card) {
    const box = card.querySelector("input[name$=-DELETE]");
    const show = () => card.classList.toggle("console-removed", box.checked);
    box.addEventListener("change", show);
    show();
  }

  function showCards(editor) {
    const cards = [...editor.querySelectorAll("[data-card]")];
    for (const card of cards) {
      followKind(card);
      followRemoval(card);
      showTiers(card);
      card.hidden = card.querySelector("select[name$=-kind]").value === "" && !isFilled(card);
    }
    const button = editor.querySelector("[data-add-card]");
    button.hidden = !cards.some((card) => card.hidden);
    button.addEventListener("click", () => {
      const next = cards.find((card) => card.hidden);
      if (next) {
        next.hidden = false;
        next.querySelector("select").focus();
      }
      button.hidden = !cards.some((card) => card.hidden);
    });
    if (cards.every((card) => card.hidden)) {
      cards[0].hidden = false;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-rate-cards]").forEach(showCards);
  });
})();
