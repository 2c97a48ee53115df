-- What the tutorial's application reads.
CREATE TABLE coffees (
    id     serial PRIMARY KEY,
    name   text NOT NULL,
    teaser text,
    price  integer NOT NULL
);
CREATE TABLE ingredients (
    id        serial PRIMARY KEY,
    coffee_id integer NOT NULL REFERENCES coffees (id),
    name      text NOT NULL
);
INSERT INTO coffees (name, teaser, price) VALUES ('Espresso', 'Small and strong', 200), ('Flat white', 'Mostly milk', 350);
